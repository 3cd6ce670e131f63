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
constexpr const char* accepted = "accepted: a file that simrun wrote";

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
constexpr std::array later_report_keys = {Key{"interval_leaves_out", list}, Key{"coding", list}, Key{"memory", list},
                                          Key{"contents", list}};
constexpr std::array later_point_keys = {Key{"encode_break_even_s", maybe_number}, Key{"device_memory_bytes", number}};

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

[[noreturn]] void fail_results(const std::string& wrong, const char* who = "simrun") {
  throw InputError("command line", "RESULTS", wrong, std::string("accepted: a folder that ") + who + " wrote");
}

constexpr std::array keys_of_trainings = {Key{"scenario", object}, Key{"versions", object}, Key{"data", list},
                                          Key{"summary", list},    Key{"steps", list},      Key{"failed", list}};

constexpr std::array keys_of_summaries = {
    Key{"method", text},  Key{"workers", number}, Key{"density", maybe_number},  Key{"learning_rate", maybe_number},
    Key{"entry", number}, Key{"model", text},     Key{"accuracy", maybe_number}, Key{"seeds", number}};

constexpr std::array data_keys = {Key{"folder", text}, Key{"train", number}, Key{"test", number}};

constexpr std::array plan_keys = {
    Key{"scenario", object}, Key{"answer", list},         Key{"turns", list},    Key{"alternatives", list},
    Key{"left_out", list},   Key{"without_target", list}, Key{"points", object}, Key{"interval_leaves_out", list},
    Key{"versions", object}};

/// Of `cluster`, which versions before did not write.
constexpr std::array cluster_keys = {Key{"model", text}, Key{"parameters", number}, Key{"workers", number},
                                     Key{"device", text}, Key{"network_model", text}};

constexpr std::array point_count_keys = {Key{"simulated", number}, Key{"from_before", number}};

constexpr std::array turn_keys = {Key{"axis", text},          Key{"now", text},     Key{"direction", text},
                                  Key{"value", maybe_number}, Key{"shown", text},   Key{"by", maybe_text},
                                  Key{"reason", text},        Key{"left_out", list}};

constexpr std::array alternative_keys = {Key{"method", text},
                                         Key{"label", text},
                                         Key{"density", maybe_number},
                                         Key{"implementation", text},
                                         Key{"iteration_s", number},
                                         Key{"iteration_low_s", maybe_number},
                                         Key{"iteration_high_s", maybe_number},
                                         Key{"scaling_efficiency", maybe_number},
                                         Key{"rounds", maybe_number},
                                         Key{"total_s", maybe_number},
                                         Key{"longer_by", number},
                                         Key{"longer_by_low", maybe_number},
                                         Key{"longer_by_high", maybe_number}};

std::string path_in(const std::string& results, const char* name) {
  return (fs::path(results) / name).string();
}

Json read_results(const std::string& file) {
  return parse_json(file, read_text(file, "file", max_bytes));
}

/// A file in place of a folder.
[[noreturn]] void fail_file(const std::string& results) {
  refuse_other_kind(results, "file", "folder of results");
  fail_results("\"" + results + "\" is no folder");
}

}  // namespace

ResultsKind results_kind(const std::string& results) {
  std::error_code ignored;
  if (!fs::exists(results, ignored)) fail_results("there is no folder \"" + results + "\"");
  if (!fs::is_directory(results, ignored)) fail_file(results);
  const auto has = [&](const char* name) { return fs::exists(path_in(results, name), ignored); };
  if (has("report.json")) return ResultsKind::run;
  if (has("training.json")) {
    if (!has("curves.csv")) fail_results("the folder \"" + results + "\" has training.json, but no curves.csv");
    return ResultsKind::training;
  }
  if (has("plan.json")) return ResultsKind::plan;
  fail_results("the folder \"" + results + "\" has no report.json, training.json or plan.json");
}

Json read_training(const std::string& results) {
  const std::string file = path_in(results, "training.json");
  Json training = read_results(file);
  const Where top{file, ""};
  check(training, top, keys_of_trainings);
  check(training["versions"], top / "versions", std::array{version_keys.front()});
  check_each(training["data"], top / "data", data_keys);
  check_each(training["summary"], top / "summary", keys_of_summaries);
  check_each(training["steps"], top / "steps", keys_of_summaries);
  check_lines(training["failed"], top / "failed");
  return training;
}

CsvTable read_curves(const std::string& results) {
  const std::string file = path_in(results, "curves.csv");
  return {file, read_text(file, "file", max_bytes)};
}

Json read_plan(const std::string& results) {
  const std::string file = path_in(results, "plan.json");
  Json plan = read_results(file);
  const Where top{file, ""};
  check(plan, top, plan_keys);
  if (plan.contains("cluster")) check(plan["cluster"], top / "cluster", cluster_keys);
  check(plan["versions"], top / "versions", std::array{version_keys.front()});
  check(plan["points"], top / "points", point_count_keys);
  check_each(plan["turns"], top / "turns", turn_keys);
  for (std::size_t i = 0; i < plan["turns"].size(); ++i)
    check_lines(plan["turns"][i]["left_out"], top / "turns" / i / "left_out");
  check_each(plan["alternatives"], top / "alternatives", alternative_keys);
  if (plan["alternatives"].empty()) (top / "alternatives").fail("is empty", accepted);
  for (const char* key : {"answer", "left_out", "without_target", "interval_leaves_out"})
    check_lines(plan[key], top / key);
  return plan;
}

Json read_report(const std::string& results) {
  const ResultsKind kind = results_kind(results);
  if (kind != ResultsKind::run)
    fail_results("the folder \"" + results + "\" is of simrun " + (kind == ResultsKind::plan ? "plan" : "train") +
                     ", not of a run",
                 "a run of simrun");
  const std::string file = path_in(results, "report.json");
  Json report = parse_json_of("report", file, read_text(file, "file", max_bytes));
  const Where top{file, ""};
  check(report, top, report_keys);
  check(report["versions"], top / "versions", version_keys);
  if (report.contains("measurement")) check(report["measurement"], top / "measurement", measurement_keys);
  check_each(report["resolved"], top / "resolved", std::array<Key, 0>{});
  check_present(report, top, later_report_keys);
  for (const char* key : {"interval", "interval_leaves_out", "coding", "memory"}) {
    if (report.contains(key)) check_lines(report[key], top / key);
  }
  for (const Json& digests : report.value("contents", Json::array())) {
    if (!digests.is_object()) (top / "contents").fail("is " + brief(digests) + ", not digests", accepted);
    for (const Json& digest : digests) {
      if (!digest.is_string()) (top / "contents").fail("is " + brief(digest) + ", not text", accepted);
    }
  }
  check_each(report["devices"], top / "devices", device_keys);
  check_each(report["failed"], top / "failed", failure_keys);
  check_each(report["points"], top / "points", keys_of_points);
  for (std::size_t i = 0; i < report["points"].size(); ++i)
    check_present(report["points"][i], top / "points" / i, later_point_keys);
  return report;
}

}  // namespace simrun
