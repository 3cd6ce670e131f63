#include "sim/report/report_reader.hpp"

#include <array>
#include <filesystem>
#include <string_view>

#include "sim/text/error.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/file_kind.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_bytes = 1'000'000'000;
constexpr const char* accepted = "accepted: a report.json that simrun wrote";

struct Kind {
  const char* name;
  bool (*fits)(const Json& value);
};
constexpr Kind object{"an object", [](const Json& value) { return value.is_object(); }};
constexpr Kind list{"a list", [](const Json& value) { return value.is_array(); }};
constexpr Kind text{"text", [](const Json& value) { return value.is_string(); }};
constexpr Kind number{"a number", [](const Json& value) { return value.is_number(); }};
constexpr Kind maybe_text{"text or null", [](const Json& value) { return value.is_null() || value.is_string(); }};
constexpr Kind maybe_number{"a number or null", [](const Json& value) { return value.is_null() || value.is_number(); }};
constexpr Kind any{"a value", [](const Json&) { return true; }};

struct Key {
  const char* name;
  Kind kind;
};

constexpr std::array report_keys = {Key{"scenario", object}, Key{"resolved", list},     Key{"seed", any},
                                    Key{"versions", object}, Key{"network_model", any}, Key{"devices", list},
                                    Key{"interval", list},   Key{"points", list},       Key{"failed", list}};

/// What versions before did not write.
constexpr std::array later_report_keys = {Key{"interval_leaves_out", list}, Key{"coding", list}};
constexpr std::array later_point_keys = {Key{"encode_break_even_s", maybe_number}};

constexpr std::array version_keys = {Key{"simrun", text}, Key{"simgrid", text}};

constexpr std::array measurement_keys = {Key{"iterations", number}, Key{"warmup", number}, Key{"mpi", text},
                                         Key{"hosts", list}};

constexpr std::array device_keys = {Key{"name", text},         Key{"device", text},      Key{"software", text},
                                    Key{"provenance", text},   Key{"source", text},      Key{"bandwidth", text},
                                    Key{"operations", object}, Key{"extrapolated", list}};

constexpr std::array failure_keys = {Key{"point", number}, Key{"method", text}, Key{"workers", number},
                                     Key{"swept", object}, Key{"failure", text}};

constexpr std::array keys_of_points = {Key{"method", text},
                                       Key{"workers", number},
                                       Key{"k", maybe_number},
                                       Key{"density", maybe_number},
                                       Key{"index", maybe_text},
                                       Key{"collective", text},
                                       Key{"model", text},
                                       Key{"parameters", number},
                                       Key{"payload_bytes", number},
                                       Key{"result_bytes", number},
                                       Key{"sent_bytes", number},
                                       Key{"received_bytes", number},
                                       Key{"compute_s", number},
                                       Key{"encode_s", number},
                                       Key{"communication_s", number},
                                       Key{"decode_s", number},
                                       Key{"iteration_s", number},
                                       Key{"samples_per_s", maybe_number},
                                       Key{"scaling_efficiency", maybe_number},
                                       Key{"speedup_over_sgd", maybe_number},
                                       Key{"device", text},
                                       Key{"network_model", maybe_text},
                                       Key{"source", text},
                                       Key{"staging_s", number},
                                       Key{"iteration_low_s", maybe_number},
                                       Key{"iteration_high_s", maybe_number}};

template <std::size_t count>
void check(const Json& value, const Where& here, const std::array<Key, count>& keys) {
  if (!value.is_object()) here.fail("is " + brief(value), accepted);
  for (const Key& key : keys) {
    const auto found = value.find(key.name);
    if (found == value.end()) (here / key.name).fail("is missing", accepted);
    if (!key.kind.fits(*found)) (here / key.name).fail("is " + brief(*found) + ", not " + key.kind.name, accepted);
  }
}

/// Of keys that may be missing.
template <std::size_t count>
void check_present(const Json& value, const Where& here, const std::array<Key, count>& keys) {
  for (const Key& key : keys) {
    if (value.contains(key.name)) check(value, here, std::array{key});
  }
}

/// A list of lines.
void check_lines(const Json& lines, const Where& here) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].is_string()) (here / i).fail("is " + brief(lines[i]) + ", not text", accepted);
  }
}

template <std::size_t count>
void check_each(const Json& values, const Where& here, const std::array<Key, count>& keys) {
  for (std::size_t i = 0; i < values.size(); ++i) check(values[i], here / i, keys);
}

[[noreturn]] void fail_results(const std::string& wrong) {
  throw InputError("command line", "RESULTS", wrong, "accepted: a folder that a run of simrun wrote");
}

/// A file in place of a folder.
[[noreturn]] void fail_file(const std::string& results) {
  refuse_other_kind(results, "file", "folder of results");
  fail_results("\"" + results + "\" is no folder");
}

}  // namespace

Json read_report(const std::string& results) {
  std::error_code ignored;
  if (!fs::exists(results, ignored)) fail_results("there is no folder \"" + results + "\"");
  if (!fs::is_directory(results, ignored)) fail_file(results);
  const std::string file = (fs::path(results) / "report.json").string();
  if (!fs::exists(file, ignored)) {
    const bool is_training = fs::exists(fs::path(results) / "training.json", ignored);
    fail_results("the folder \"" + results + "\" " +
                 (is_training ? "is of simrun train, which has no page" : "has no report.json"));
  }
  Json report = parse_json_of("report", file, read_text(file, "file", max_bytes));
  const Where top{file, ""};
  check(report, top, report_keys);
  check(report["versions"], top / "versions", version_keys);
  if (report.contains("measurement")) check(report["measurement"], top / "measurement", measurement_keys);
  check_each(report["resolved"], top / "resolved", std::array<Key, 0>{});
  check_present(report, top, later_report_keys);
  for (const char* key : {"interval", "interval_leaves_out", "coding"}) {
    if (report.contains(key)) check_lines(report[key], top / key);
  }
  check_each(report["devices"], top / "devices", device_keys);
  check_each(report["failed"], top / "failed", failure_keys);
  check_each(report["points"], top / "points", keys_of_points);
  for (std::size_t i = 0; i < report["points"].size(); ++i)
    check_present(report["points"][i], top / "points" / i, later_point_keys);
  return report;
}

}  // namespace simrun
