#include "sim/scenario/scenario_schema.hpp"

#include <catch2/catch.hpp>
#include <regex>

#include "sim/scenario/scenario_reader.hpp"
#include "sim/text/error.hpp"
#include "sim/text/fields.hpp"

namespace simrun {
namespace {

template <class T>
bool is_read(const Field<T>& field, const std::string& text) {
  try {
    Json value = text;
    field.read(value, {"file", "path"});
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// Editors and the reader agree on how quantities are written.
template <class T>
void check_pattern(const Field<T>& field) {
  const std::regex pattern(field.schema["pattern"].template get<std::string>());
  // All above 8, so that even as bits they are at least a byte; none so large that TiB/s are too many.
  for (const std::string number : {"16", "20.5", "16.", ".5e3", "1e2", "160E-1", "4e+1", "", ".", "e3", "1e", "+16",
                                   "-16", "16,5", "0x10", "inf"}) {
    for (const std::string space : {"", " ", "  "}) {
      for (const std::string unit : {"s",     "ms",   "us",    "µs",   "ns",   "min",  "h",    "bps", "kbps", "Gbps",
                                     "Gib/s", "MB/s", "TiB/s", "MBps", "Kbps", "gbps", "mbps", "b",   "B",    "kB",
                                     "MiB",   "Tb",   "KB",    "/s",   "ps",   "",     "S",    "sec", "B/h"}) {
        const std::string text = number + space + unit;
        CAPTURE(text);
        CHECK(std::regex_search(text, pattern) == is_read(field, text));
      }
    }
  }
}

TEST_CASE("schema: patterns of quantities match what is read", "[schema]") {
  check_pattern(duration());
  check_pattern(bandwidth());
  check_pattern(size());
}

/// Defaults that the schema names and that stand in the resolved scenario, which holds what was used.
/// Of what may be text instead, those of the object.
void check_defaults(const Json& schema, const Json& given, const Json& resolved, const std::string& path,
                    int& checked) {
  const Json object = schema.contains("anyOf") && resolved.is_object() ? schema["anyOf"].back() : schema;
  const Json fields = object.value("properties", Json::object());
  for (const auto& [key, field] : fields.items()) {
    if (!resolved.contains(key)) continue;
    CAPTURE(path, key);
    const bool was_given = given.contains(key);
    check_defaults(field, was_given ? given[key] : Json::object(), resolved[key], path + "." + key, checked);
    if (was_given || !field.contains("default") || !field["default"].is_primitive()) continue;
    CHECK(resolved[key] == field["default"]);
    ++checked;
  }
}

TEST_CASE("schema: the defaults that it names are those that are used", "[schema]") {
  const Json given = Json::parse(R"({
    "$schema": "scenario.schema.json",
    "workers": 2, "model": "resnet20-cifar10", "batch_per_worker": 1,
    "compute": { "forward": "1 ms", "backward": "1 ms" },
    "network": { "bandwidth": "1 Gbps", "latency": "1 us" },
    "gradients": { "distribution": "student-t" },
    "methods": [ { "name": "sgd" }, { "name": "top-k", "k": 1 }, { "name": "signsgd-mv" } ] })");
  const Json schema = scenario_schema();
  int checked = 0;
  for (std::size_t method = 0; method < given["methods"].size(); ++method) {
    const Json resolved = *ScenarioReader("scenario.json").read(given, method).resolved;
    check_defaults(schema, given, resolved, "", checked);
    check_defaults(schema["properties"]["methods"]["items"], given["methods"][method], resolved["methods"][0],
                   "methods", checked);
    CHECK_FALSE(resolved.contains("$schema"));
  }
  // Three times update, device, topology, network.model, gpus_per_host, source, precision, agreement, scale_spread,
  // degrees_of_freedom, seed, grouping, decode, metadata and hierarchy; once precision, index, values, two_way and
  // server.
  CHECK(checked == 3 * 15 + 5);

  Json laplace = given;
  laplace.erase("gradients");
  const Json resolved = *ScenarioReader("scenario.json").read(laplace, 0).resolved;
  CHECK(resolved["gradients"]["distribution"] ==
        schema["properties"]["gradients"]["properties"]["distribution"]["default"]);
}

}  // namespace
}  // namespace simrun
