#include "sim/study/sealed_records.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "sim/system/digest.hpp"
#include "sim/system/file_reading.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

// A record is {"key":"KEY","seal":"SEAL","result":RESULT}, a file of its own {"seal":"SEAL","result":RESULT}.
constexpr std::string_view key_head = "{\"key\":\"";
constexpr std::string_view seal_head = "\"seal\":\"";
constexpr std::string_view result_head = "\",\"result\":";

constexpr const char* ending_of_segment = ".jsonl";
constexpr const char* ending_of_single = ".json";
constexpr std::size_t digits_of_segment = 16;

struct Record {
  std::string_view key;
  std::string_view result;  ///< JSON
};

using OnRecord = std::function<void(const Record& record)>;

/// Takes `head` off; false where the text begins otherwise.
bool skip(std::string_view& text, std::string_view head) {
  if (!text.starts_with(head)) return false;
  text.remove_prefix(head.size());
  return true;
}

std::string seal(const Record& record) {
  return digest_of(std::string(record.key).append(record.result));
}

std::string line_of(const Record& record) {
  std::string line(key_head);
  line.append(record.key).append("\",").append(seal_head).append(seal(record)).append(result_head);
  return line.append(record.result).append("}\n");
}

/// The record that ends with this text, which begins with its seal; none where they do not belong together.
std::optional<Record> sealed(std::string_view key, std::string_view text) {
  constexpr std::size_t digits = 32;
  if (!skip(text, seal_head) || text.size() < digits || !text.ends_with('}')) return std::nullopt;
  const std::string_view given = text.substr(0, digits);
  text.remove_prefix(digits);
  if (!skip(text, result_head)) return std::nullopt;
  const Record record{key, text.substr(0, text.size() - 1)};
  return given == seal(record) ? std::optional(record) : std::nullopt;
}

std::optional<Record> record_of(std::string_view line) {
  if (!skip(line, key_head)) return std::nullopt;
  const std::string_view key = line.substr(0, line.find('"'));
  line.remove_prefix(key.size());
  return skip(line, "\",") ? sealed(key, line) : std::nullopt;
}

/// Calls `on_record` for what a file holds, by its name.
void read_records_of(const fs::path& file, const OnRecord& on_record) {
  const std::string name = file.filename().string();
  const bool is_segment = is_hexadecimal_name(name, digits_of_segment, ending_of_segment);
  if (!is_segment && !name.ends_with(ending_of_single)) return;
  const std::string stem = file.stem().string();
  read_lines(file.string(), [&](std::string_view line) {
    if (!is_segment && !skip(line, "{")) return;
    if (const auto record = is_segment ? record_of(line) : sealed(stem, line)) on_record(*record);
  });
}

/// True for a segment, also where none of its records was written to its end, and for the file of one record: the
/// folder may be somebody's who keeps files of his own in it.
bool holds_records(const fs::path& file) {
  const std::string name = file.filename().string();
  if (is_hexadecimal_name(name, digits_of_segment, ending_of_segment))
    return regular_file_begins_with(file.string(), std::string(key_head));
  bool holds = false;
  read_records_of(file, [&](const Record&) { holds = true; });
  return holds;
}

/// What is in the folder. To list it is to see it as it is: on a network file system, opening a file that was missing a
/// moment ago may fail for a while.
std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) files.push_back(entry.path());
  return files;
}

void read_folder(const std::string& folder, const OnRecord& on_record) {
  for (const fs::path& file : files_in(folder)) read_records_of(file, on_record);
}

/// NUMBER.jsonl, with a number that no other process draws.
std::string new_segment() {
  std::random_device random;
  constexpr const char* digits = "0123456789abcdef";
  std::string name;
  for (std::size_t i = 0; i < digits_of_segment; ++i) name += digits[random() % 16];
  return name + ending_of_segment;
}

/// A segment that is written in large parts.
class SegmentWriter {
 public:
  explicit SegmentWriter(const std::string& folder) : file_(folder + "/" + new_segment()) {}

  void add(const Record& record) {
    text_ += line_of(record);
    if (text_.size() > 1'000'000) flush();
  }

  void flush() {
    if (!text_.empty()) append_to_file(file_, text_);
    text_.clear();
  }

  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::string text_;
};

}  // namespace

void SealedRecords::read(const OnResult& on_result) const {
  std::unordered_multimap<std::string_view, std::size_t> missing;
  for (std::size_t i = 0; i < keys_.size(); ++i) missing.emplace(keys_[i], i);
  read_folder(folder_, [&](const Record& record) {
    const auto [begin, end] = missing.equal_range(record.key);
    if (begin == end) return;
    Json result = Json::parse(record.result, nullptr, false);
    if (result.is_discarded()) return;
    const JsonValue shared(std::move(result));
    for (auto each = begin; each != end; ++each) on_result(each->second, shared);
    missing.erase(begin, end);
  });
}

void SealedRecords::keep(std::size_t number, const JsonValue& result) const {
  static const std::string segment = new_segment();
  append_to_file(folder_ + "/" + segment, line_of({keys_[number], result->dump()}));
}

std::size_t SealedRecords::remove_others() const {
  const std::unordered_set<std::string_view> wanted(keys_.begin(), keys_.end());
  std::unordered_set<std::string_view> missing = wanted;
  std::vector<fs::path> ours;
  bool are_all_wanted = true;
  for (const fs::path& file : files_in(folder_)) {
    if (!holds_records(file)) continue;
    ours.push_back(file);
    read_records_of(file, [&](const Record& record) { are_all_wanted &= missing.erase(record.key) > 0; });
  }
  remove_leftovers(folder_);
  if (ours.size() <= 1 && are_all_wanted) return 0;
  SegmentWriter segment(folder_);
  missing = wanted;
  try {
    for (const fs::path& file : ours) {
      read_records_of(file, [&](const Record& record) {
        if (missing.erase(record.key) > 0) segment.add(record);
      });
    }
    segment.flush();
  } catch (const WriteError&) {
    ours = {segment.file()};
  }
  std::error_code ignored;
  return static_cast<std::size_t>(
      std::count_if(ours.begin(), ours.end(), [&](const fs::path& file) { return fs::remove(file, ignored); }));
}

void join_records(const std::vector<std::string>& from, const std::string& to) {
  std::unordered_set<std::string> known;
  read_folder(to, [&](const Record& record) { known.emplace(record.key); });
  SegmentWriter segment(to);
  for (const std::string& folder : from) {
    read_folder(folder, [&](const Record& record) {
      if (known.emplace(record.key).second) segment.add(record);
    });
  }
  segment.flush();
}

}  // namespace simrun
