#include "sim/study/point_store.hpp"

#include <filesystem>
#include <set>
#include <span>

#include "sim/study/times_text.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/digest.hpp"
#include "sim/system/file_reading.hpp"
#include "sim/system/write_file.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr const char* ending = ".json";

/// Ties a result to its point, so that a file which was damaged or renamed is known.
std::string seal(const std::string& key, const Json& result) {
  const std::string text = key + result.dump();
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

std::optional<PointResult> read_point(const std::string& file, const std::string& key) {
  constexpr std::size_t most = 16'000'000;  // far more than a point takes
  const std::optional<std::string> text = read_regular_file(file, most);
  if (!text) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    const Json& result = json.at("result");
    if (json.at("seal") != seal(key, result)) return std::nullopt;
    return PointResult{.times = read_times(result.at("times")),
                       .payload_bytes = result.at("payload_bytes").get<double>(),
                       .failure = {}};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

/// Names of what is in the folder. To list it is to see it as it is: on a network file system, opening a file that was
/// missing a moment ago may fail for a while.
std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

std::vector<std::optional<PointResult>> PointStore::read() const {
  const std::set<std::string> names = names_in(folder_);
  std::vector<std::optional<PointResult>> results(keys_.size());
  for (std::size_t point = 0; point < keys_.size(); ++point) {
    const std::string name = keys_[point] + ending;
    if (names.count(name) != 0) results[point] = read_point(folder_ + "/" + name, keys_[point]);
  }
  return results;
}

void PointStore::check() const {
  const std::set<std::string> names = names_in(folder_);
  for (const std::string& key : keys_) {
    if (names.count(key + ending) != 0) check_replaceable(folder_ + "/" + key + ending);
  }
}

void PointStore::keep(std::size_t point, const PointResult& result) const {
  const Json json = {{"times", times_json(*result.times)}, {"payload_bytes", result.payload_bytes}};
  const std::string& key = keys_[point];
  write_file(folder_ + "/" + key + ending, Json{{"seal", seal(key, json)}, {"result", json}}.dump() + "\n");
}

void PointStore::remove_others() const {
  std::set<std::string> names = names_in(folder_);
  for (const std::string& key : keys_) names.erase(key + ending);
  std::error_code ignored;
  for (const std::string& name : names) {
    const std::string key = name.substr(0, name.find('.'));
    // The folder may be somebody's who keeps files of his own in it.
    if (name == key + ending && read_point(folder_ + "/" + name, key)) fs::remove(folder_ + "/" + name, ignored);
  }
  remove_leftovers(folder_);
}

}  // namespace simrun
