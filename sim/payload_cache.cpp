#include "sim/payload_cache.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "sim/data_path.hpp"
#include "sim/digest.hpp"
#include "sim/error.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

// A file is the digest of what follows it, then the payloads one after another. A header says where its payload ends.

std::optional<std::vector<Payload>> read_all(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::size_t>(in ? static_cast<std::streamoff>(in.tellg()) : 0);
  Digest expected;
  if (size < expected.size()) return std::nullopt;
  const std::size_t left = size - expected.size();
  const auto memory = std::make_shared_for_overwrite<std::byte[]>(left);
  in.seekg(0);
  in.read(reinterpret_cast<char*>(expected.data()), static_cast<std::streamsize>(expected.size()));
  in.read(reinterpret_cast<char*>(memory.get()), static_cast<std::streamsize>(left));
  if (!in || digest({memory.get(), left}) != expected) return std::nullopt;
  std::vector<Payload> payloads;
  try {
    for (std::size_t at = 0; at < left; at += payloads.back().size())
      payloads.push_back(Payload::parse(std::shared_ptr<const std::byte>(memory, memory.get() + at), left - at));
  } catch (const PayloadError&) {
    return std::nullopt;  // of another version
  }
  return payloads;
}

bool write_all(const std::string& file, std::span<const Payload> payloads) {
  std::ofstream out(file, std::ios::binary);
  DigestStream sum;
  for (const Payload& payload : payloads) sum.add(payload.bytes());
  const Digest head = sum.digest();
  out.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
  for (const Payload& payload : payloads)
    out.write(reinterpret_cast<const char*>(payload.bytes().data()), static_cast<std::streamsize>(payload.size()));
  out.close();
  return out.good();
}

struct KeptFile {
  fs::file_time_type used;
  std::string path;
  double bytes;
};

std::vector<KeptFile> list_files(const std::string& folder) {
  std::vector<KeptFile> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    std::error_code gone;  // another process may tidy up as well
    const auto bytes = entry.file_size(gone);
    const auto used = entry.last_write_time(gone);
    if (!gone) files.push_back({used, entry.path().string(), static_cast<double>(bytes)});
  }
  return files;
}

}  // namespace

PayloadCache::PayloadCache(std::string folder, Bytes most) : folder_(std::move(folder)), most_(most) {}

PayloadCache PayloadCache::of_user() {
  Bytes most(5e9);
  if (const char* text = std::getenv("SIMRUN_CACHE_SIZE"); text != nullptr && *text != '\0') {
    const auto given = parse_bytes(text);
    if (!given || given->value < 0)
      throw InputError("environment", "SIMRUN_CACHE_SIZE", "\"" + std::string(text) + "\" is no size",
                       "accepted: a size like \"20 GB\", \"0 B\" to keep nothing");
    most = *given;
  }
  return {cache_folder() + "/payloads", most};
}

std::string PayloadCache::file_of(const std::string& key) const {
  return folder_ + "/" + hexadecimal(digest(std::as_bytes(std::span(key))));
}

std::optional<std::vector<Payload>> PayloadCache::find(const std::string& key) {
  if (most_.value <= 0) return std::nullopt;
  const std::string file = file_of(key);
  auto payloads = read_all(file);
  if (!payloads) return std::nullopt;
  std::error_code ignored;
  fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
  const std::lock_guard lock(mutex_);
  used_.insert(file);
  return payloads;
}

void PayloadCache::keep(const std::string& key, std::span<const Payload> payloads) {
  if (most_.value <= 0) return;
  double bytes = sizeof(Digest);
  for (const Payload& payload : payloads) bytes += static_cast<double>(payload.size());
  const std::string file = file_of(key);
  {
    const std::lock_guard lock(mutex_);
    used_.insert(file);
    if (!make_room(bytes)) return;
    total_ += bytes;
  }
  // Processes of several machines may write the same file.
  std::random_device random;
  const std::string part = file + "." + std::to_string(random()) + ".part";
  std::error_code failed;
  if (write_all(part, payloads)) fs::rename(part, file, failed);
  fs::remove(part, failed);
}

/// True if so many bytes can be added. Removes what was used least recently, if that helps.
bool PayloadCache::make_room(double bytes) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  const fs::space_info disk = fs::space(folder_, failed);
  constexpr double spare = 1e9;  // of a disk, left to others
  if (failed || static_cast<double>(disk.available) < bytes + spare) return false;
  // To list a large folder takes long: only at first, and where it may be full.
  if (total_ + bytes <= most_.value) return true;
  std::vector<KeptFile> files = list_files(folder_);
  total_ = 0;
  for (const KeptFile& file : files) total_ += file.bytes;
  // What a run that is still going wrote or read last would only be made again.
  const auto recent = fs::file_time_type::clock::now() - std::chrono::minutes(1);
  std::erase_if(files, [&](const KeptFile& file) { return file.used > recent || used_.count(file.path) != 0; });
  std::sort(files.begin(), files.end(), [](const KeptFile& a, const KeptFile& b) { return a.used < b.used; });
  // A tenth more than needed, so that the next file finds room.
  const double wanted = total_ + bytes > most_.value ? 0.9 * most_.value : most_.value;
  for (const KeptFile& file : files) {
    if (total_ + bytes <= wanted) break;
    if (fs::remove(file.path, failed)) total_ -= file.bytes;
  }
  return total_ + bytes <= most_.value;
}

}  // namespace simrun
