#include "sim/answers/results_folder.hpp"

#include <filesystem>
#include <set>

#include "sim/report/report_reader.hpp"
#include "sim/text/error.hpp"

namespace simrun {

bool is_results_folder(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::is_directory(name, ignored);
}

ResultsFolder read_results_folder(const std::string& name) {
  const Json report = read_report(name);
  const std::string file = name + "/report.json";
  ResultsFolder folder;
  // Names in the scenario are looked up beside its file.
  folder.study = expand(report.value("file", file), report["scenario"]);
  folder.is_measured = report.contains("measurement");
  folder.version = report["versions"]["simrun"];
  std::set<std::size_t> failed;
  for (const Json& each : report["failed"]) failed.insert(each["point"].get<std::size_t>());
  const Json& rows = report["points"];
  if (rows.size() + failed.size() != folder.study.points.size())
    throw InputError(file, "points",
                     "has " + std::to_string(rows.size()) + " points, and its scenario " +
                         std::to_string(folder.study.points.size()),
                     "accepted: a report.json as simrun wrote it");
  const Json contents = report.value("contents", Json::array());
  if (contents.size() == folder.study.points.size()) folder.contents = contents.get<std::vector<ContentDigests>>();
  std::size_t row = 0;
  for (std::size_t point = 0; point < folder.study.points.size(); ++point)
    folder.rows.push_back(failed.contains(point) ? Json() : rows[row++]);
  return folder;
}

}  // namespace simrun
