#include "sim/scenario/gradient_files.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "sim/system/data_path.hpp"
#include "sim/text/json.hpp"
#include "sim/text/natural_order.hpp"
#include "sim/workload/array_file.hpp"
#include "sim/workload/gradients.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr const char* accepted_files = "accepted: .npy, .npz or .safetensors files that can be read";

/// Text in which glob() sees no pattern.
std::string literally(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// The files that a pattern fits, by name, numbers by value.
std::vector<std::string> matching(const fs::path& folder, const std::string& pattern) {
  const std::string whole = (fs::path(literally(folder.string())) / pattern).string();
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(whole.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::sort(files.begin(), files.end(), comes_before);
  return files;
}

/// A name is a pattern where no file has it.
std::vector<std::string> paths_of(const std::vector<std::string>& names, const fs::path& folder, const Where& where) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::error_code ignored;
    const fs::path path = folder / names[i];
    const bool is_pattern = names[i].find_first_of("*?[") != std::string::npos && !fs::exists(path, ignored);
    if (!is_pattern) {
      const std::string problem = why_unreadable(path.string());
      if (!problem.empty()) (where / i).fail(brief(names[i]) + " " + problem, accepted_files);
      paths.push_back(path.string());
      continue;
    }
    const std::vector<std::string> found = matching(folder, names[i]);
    if (found.empty())
      (where / i).fail("no file fits " + brief(names[i]), "accepted: a pattern that files fit, or a name");
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
}

std::vector<std::string> saved_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code ignored;
  for (std::size_t i = 0; fs::exists(folder / gradient_file(i), ignored); ++i)
    files.push_back((folder / gradient_file(i)).string());
  return files;
}

/// True if two files hold the same bytes; where they do not, this is known after the first that differ.
bool are_copies(const std::string& a, const std::string& b) {
  std::error_code ignored;
  if (fs::file_size(a, ignored) != fs::file_size(b, ignored)) return false;
  std::ifstream first(a, std::ios::binary);
  std::ifstream second(b, std::ios::binary);
  std::vector<char> of_first(1 << 16);
  std::vector<char> of_second(of_first.size());
  while (first.read(of_first.data(), std::ssize(of_first)) || first.gcount() > 0) {
    second.read(of_second.data(), std::ssize(of_second));
    const std::streamsize read = first.gcount();
    if (second.gcount() != read || !std::equal(of_first.begin(), of_first.begin() + read, of_second.begin()))
      return false;
  }
  return true;
}

/// What gradients that all workers have alike are; empty where they differ.
std::string common_gradient(const std::vector<std::string>& files) {
  std::set<fs::path> distinct;
  for (const std::string& file : files) distinct.insert(fs::weakly_canonical(file));
  if (distinct.size() == 1) return "the gradient of one file";
  const fs::path& first = *distinct.begin();
  const bool all_alike = std::all_of(std::next(distinct.begin()), distinct.end(),
                                     [&](const fs::path& file) { return are_copies(first, file); });
  return all_alike ? "copies of one gradient" : "";
}

}  // namespace

std::vector<std::string> GradientFinder::find(GradientFiles& gradients, int workers, const Model& model,
                                              const Where& where) {
  const auto wanted = static_cast<std::size_t>(workers);
  const fs::path beside = fs::path(where.file).parent_path();
  const bool is_saved = !gradients.folder.empty();
  if (is_saved) {
    gradients.files = saved_in(beside / gradients.folder);
  } else {
    auto paths = paths_.find(gradients.files);
    if (paths == paths_.end())
      paths = paths_.emplace(gradients.files, paths_of(gradients.files, beside, where / "files")).first;
    gradients.files = paths->second;
  }
  if (is_saved && gradients.files.size() < wanted)
    (where / "folder")
        .fail(brief(gradients.folder) + " has gradients of " + std::to_string(gradients.files.size()) + " workers",
              "accepted: a folder that has " + gradient_file(0) + " to " + gradient_file(wanted - 1) +
                  ", from training.save_gradients");
  const Known& known = look_at(gradients.files, model, where);
  if (!is_saved && known.gradients != 1 && known.gradients != wanted)
    (where / "files")
        .fail("gradients of " + std::to_string(known.gradients) + " workers",
              "accepted: of 1, for all, or of " + std::to_string(wanted));
  gradients.count = known.gradients;
  std::vector<std::string> notes;
  if (!known.zeros.empty())
    notes.push_back("gradients: nothing but zeros in " + known.zeros.front() +
                    (known.zeros.size() > 1 ? " and " + std::to_string(known.zeros.size() - 1) + " more" : "") +
                    ": which entries are the largest then means nothing");
  if (workers > 1 && !known.common.empty())
    notes.emplace_back("gradients: all workers have " + known.common +
                       ", so they choose the same entries and vote alike: payloads that are merged, and replies, are "
                       "as small as they can be");
  return notes;
}

const GradientFinder::Known& GradientFinder::look_at(const std::vector<std::string>& files, const Model& model,
                                                     const Where& where) {
  std::string key = std::to_string(model.elements());
  for (const Tensor& tensor : model.tensors) key += "\n" + tensor.name + tuple_text(tensor.shape);
  for (const std::string& file : files) key += "\n" + file;
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  const GradientFilesSummary summary = look_at_gradient_files(where.file, files, model);
  const bool has_one_each = summary.gradients == files.size();
  Known found{summary.gradients, has_one_each ? common_gradient(files) : "", summary.zeros};
  return known_.emplace(key, std::move(found)).first->second;
}

}  // namespace simrun
