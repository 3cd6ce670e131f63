#include "sim/study/sealed_files.hpp"

#include <filesystem>
#include <set>
#include <span>

#include "sim/system/data_path.hpp"
#include "sim/system/digest.hpp"
#include "sim/system/file_reading.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr const char* ending = ".json";

/// Ties a result to its key, so that a file which was damaged or renamed is known.
std::string seal(const std::string& key, const Json& result) {
  const std::string text = key + result.dump();
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

std::optional<JsonValue> read_file_of(const std::string& file, const std::string& key) {
  constexpr std::size_t most = 16'000'000;  // far more than a result takes
  const std::optional<std::string> text = read_regular_file(file, most);
  if (!text) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    const Json& result = json.at("result");
    if (json.at("seal") != seal(key, result)) return std::nullopt;
    return JsonValue(result);
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

std::vector<std::optional<JsonValue>> SealedFiles::read() const {
  const std::set<std::string> names = names_in(folder_);
  std::vector<std::optional<JsonValue>> results(keys_.size());
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::string name = keys_[i] + ending;
    if (names.count(name) != 0) results[i] = read_file_of(folder_ + "/" + name, keys_[i]);
  }
  return results;
}

void SealedFiles::check() const {
  const std::set<std::string> names = names_in(folder_);
  for (const std::string& key : keys_) {
    if (names.count(key + ending) != 0) check_replaceable(folder_ + "/" + key + ending);
  }
}

void SealedFiles::keep(std::size_t number, const JsonValue& result) const {
  const std::string& key = keys_[number];
  write_file(folder_ + "/" + key + ending, Json{{"seal", seal(key, *result)}, {"result", *result}}.dump() + "\n");
}

std::size_t SealedFiles::remove_others() const {
  std::set<std::string> names = names_in(folder_);
  for (const std::string& key : keys_) names.erase(key + ending);
  std::size_t removed = 0;
  for (const std::string& name : names) {
    const std::string key = name.substr(0, name.find('.'));
    // The folder may be somebody's who keeps files of his own in it.
    if (name != key + ending || !read_file_of(folder_ + "/" + name, key)) continue;
    std::error_code ignored;
    if (fs::remove(folder_ + "/" + name, ignored)) ++removed;
  }
  remove_leftovers(folder_);
  return removed;
}

}  // namespace simrun
