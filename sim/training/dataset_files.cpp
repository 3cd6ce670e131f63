#include "sim/training/dataset_files.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/text/fields.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr const char* idx_folder_wanted = "accepted: a folder of IDX files as MNIST has them (train-images-idx3-ubyte)";

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// Which of the four a file is by its name.
struct NamedFile {
  std::string prefix;  ///< without the dash at its end
  std::string DatasetFiles::*part;
};

std::optional<NamedFile> named_file_of(std::string_view name) {
  take_suffix(name, ".gz");
  const bool is_images = take_suffix(name, "idx3-ubyte");
  if (!is_images && !take_suffix(name, "idx1-ubyte")) return std::nullopt;
  if (!take_suffix(name, "-") && !take_suffix(name, ".")) return std::nullopt;
  if (!take_suffix(name, is_images ? "-images" : "-labels")) return std::nullopt;
  const bool is_train = take_suffix(name, "train");
  if (!is_train && !take_suffix(name, "t10k") && !take_suffix(name, "test")) return std::nullopt;
  if (!name.empty() && !take_suffix(name, "-")) return std::nullopt;
  const auto part = is_train ? (is_images ? &DatasetFiles::train_images : &DatasetFiles::train_labels)
                             : (is_images ? &DatasetFiles::test_images : &DatasetFiles::test_labels);
  return NamedFile{std::string(name), part};
}

/// The sets of a folder by prefix, whole or not. A file that is there twice is taken as it is rather than with .gz.
std::map<std::string, DatasetFiles> sets_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.extension() == ".gz", a) < std::pair(b.extension() == ".gz", b);
  });
  std::map<std::string, DatasetFiles> sets;
  for (const fs::path& file : files) {
    const auto known = named_file_of(file.filename().string());
    if (!known) continue;
    std::string& place = sets[known->prefix].*known->part;
    if (place.empty()) place = file.string();
  }
  return sets;
}

/// The folder itself, its folder `raw`, or those of the folders in it: the first of which has files.
std::map<std::string, DatasetFiles> sets_below(const fs::path& folder, const Where& where) {
  for (const fs::path& each : {folder, folder / "raw"}) {
    if (auto sets = sets_in(each); !sets.empty()) return sets;
  }
  std::vector<std::string> names;
  std::map<std::string, DatasetFiles> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    auto sets = sets_in(entry.path() / "raw");
    if (sets.empty()) continue;
    names.push_back(entry.path().filename().string());
    found = std::move(sets);
  }
  if (names.size() > 1) {
    std::sort(names.begin(), names.end());
    where.fail(folder.string() + " has several data sets", "accepted: one of them, " + one_of(names));
  }
  return found;
}

/// The set where it is whole.
DatasetFiles whole_set(const DatasetFiles& files, const std::string& prefix, const fs::path& folder,
                       const Where& where) {
  const std::pair<const std::string*, const char*> parts[] = {{&files.train_images, "train-images-idx3-ubyte"},
                                                              {&files.train_labels, "train-labels-idx1-ubyte"},
                                                              {&files.test_images, "t10k-images-idx3-ubyte"},
                                                              {&files.test_labels, "t10k-labels-idx1-ubyte"}};
  for (const auto& [file, name] : parts) {
    if (file->empty())
      where.fail("there is no " + (prefix.empty() ? "" : prefix + "-") + name + " in " + folder.string(),
                 idx_folder_wanted);
  }
  return files;
}

}  // namespace

DatasetFiles find_dataset_files(const std::string& place, const Where& where) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(place, ignored);
  const fs::path folder = is_folder ? fs::path(place) : fs::path(place).parent_path();
  const auto sets = sets_below(folder, where);
  if (is_folder && sets.size() <= 1) {
    return sets.empty() ? whole_set({}, "", folder, where)
                        : whole_set(sets.begin()->second, sets.begin()->first, folder, where);
  }
  const std::string wanted = is_folder ? "" : fs::path(place).filename().string();
  const auto set = sets.find(wanted);
  if (set != sets.end()) return whole_set(set->second, wanted, folder, where);
  std::vector<std::string> places;
  for (const auto& [prefix, unused] : sets) places.push_back((folder / prefix).string());
  where.fail(folder.string() + " has several data sets", "accepted: one of them, " + one_of(places));
}

bool is_dataset_place(const std::string& place) {
  std::error_code ignored;
  if (fs::is_directory(place, ignored)) return true;
  const fs::path path(place);
  const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  for (const fs::path& each : {folder, folder / "raw"}) {
    if (sets_in(each).contains(path.filename().string())) return true;
  }
  return false;
}

}  // namespace simrun
