#include "sim/study/trace_folder.hpp"

#include <filesystem>
#include <set>

#include "sim/system/write_file.hpp"

namespace simrun {

namespace fs = std::filesystem;

std::string TraceFolder::name(std::size_t point) const {
  const Scenario& scenario = study_.points[point].scenario;
  std::string number = std::to_string(point);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return number + "-" + std::string(scenario.method.method->name) + "-" + std::to_string(scenario.workers) + ".json";
}

bool TraceFolder::has(std::size_t point) const {
  return is_trace_of(folder_ + "/" + name(point), keys_[point]);
}

void TraceFolder::write(std::size_t point, const Times& times) const {
  const MethodEntry& method = *study_.points[point].scenario.method.method;
  write_file(folder_ + "/" + name(point), trace_text(keys_[point], method.name, times));
}

void TraceFolder::remove_others() const {
  std::set<std::string> ours;
  for (std::size_t point = 0; point < keys_.size(); ++point) {
    if (has(point)) ours.insert(name(point));
  }
  std::vector<fs::path> others;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (ours.count(entry.path().filename().string()) == 0 && is_trace(entry.path().string()))
      others.push_back(entry.path());
  }
  for (const fs::path& other : others) fs::remove(other, ignored);
  remove_leftovers(folder_);
  if (!others.empty()) fs::remove(folder_, ignored);  // if nothing is left in it
}

}  // namespace simrun
