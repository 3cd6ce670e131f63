#include "sim/training/run_store.hpp"

#include <filesystem>
#include <span>

#include "sim/system/digest.hpp"
#include "sim/system/file_reading.hpp"
#include "sim/system/write_file.hpp"
#include "sim/training/state_archive.hpp"

namespace simrun {
namespace {

constexpr const char* of_finished = ".curve";
constexpr const char* of_state = ".state";

/// Ties contents to the key, so that a file which was damaged or renamed is known.
std::string seal(const std::string& key, const std::string& contents) {
  const std::string text = key + contents;
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

void write_sealed(const std::string& file, const std::string& key, const std::string& contents) {
  write_file(file, seal(key, contents) + contents);
}

std::optional<std::string> read_sealed(const std::string& file, const std::string& key) {
  const std::optional<std::string> text = read_regular_file(file);
  const std::size_t size = seal({}, {}).size();
  if (!text || text->size() < size) return std::nullopt;
  std::string contents = text->substr(size);
  if (text->substr(0, size) != seal(key, contents)) return std::nullopt;
  return contents;
}

}  // namespace

std::optional<std::vector<CurvePoint>> RunStore::finished(const std::string& key) const {
  const auto contents = read_sealed(file(key, of_finished), key);
  if (!contents) return std::nullopt;
  StateReader reader(*contents);
  std::vector<CurvePoint> curve;
  reader(curve);
  reader.finish();
  return curve;
}

std::optional<std::string> RunStore::state(const std::string& key) const {
  return read_sealed(file(key, of_state), key);
}

void RunStore::keep_state(const std::string& key, const std::string& state) const {
  write_sealed(file(key, of_state), key, state);
}

void RunStore::keep_finished(const std::string& key, const std::vector<CurvePoint>& curve) const {
  StateWriter writer;
  writer(curve);
  write_sealed(file(key, of_finished), key, writer.take());
}

void RunStore::drop_state(const std::string& key) const {
  std::error_code ignored;
  std::filesystem::remove(file(key, of_state), ignored);
}

void RunStore::drop_states() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    const std::string key = name.substr(0, name.find('.'));
    // The folder may be somebody's who keeps files of his own in it.
    if (is_hexadecimal_name(name, 2 * sizeof(Digest), of_state) && read_sealed(entry.path().string(), key))
      std::filesystem::remove(entry.path(), ignored);
  }
  remove_leftovers(folder_);
}

}  // namespace simrun
