#include "sim/payloads/payload_cache.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <tuple>
#include <utility>

#include "sim/system/data_path.hpp"
#include "sim/system/digest.hpp"
#include "sim/system/file_reading.hpp"
#include "sim/text/error.hpp"

namespace simrun {
namespace {

// A file is a head, the key it was kept under, and the payloads one after another, whose headers say where each ends.
// Its name is the digest of its key, so that the head and the key tell whether a file is the cache's.

constexpr std::array<char, 16> mark = {'s', 'i', 'm', 'r', 'u', 'n', ' ', 'p', 'a', 'y', 'l', 'o', 'a', 'd', 's', '\n'};

struct Head {
  std::array<char, 16> mark;
  Digest contents;  ///< of all that follows this
  std::uint64_t key_bytes;
};
static_assert(sizeof(Head) == 40);

constexpr std::uint64_t longest_key = 1 << 24;

std::string name_of(const std::string& key) {
  return hexadecimal(digest(std::as_bytes(std::span(key))));
}

bool is_name(const std::string& name) {
  return is_hexadecimal_name(name, 2 * sizeof(Digest), "");
}

constexpr const char* being_written = ".part";

/// DIGITS.NUMBER.part: what a process that was killed has left.
bool is_name_of_unfinished(const std::string& name) {
  const std::string first = name.substr(0, name.find('.'));
  const std::string rest = name.substr(first.size());
  return is_name(first) && rest.size() > 1 + std::strlen(being_written) && rest.ends_with(being_written) &&
         std::all_of(rest.begin() + 1, rest.end() - static_cast<std::ptrdiff_t>(std::strlen(being_written)),
                     [](char c) { return c >= '0' && c <= '9'; });
}

/// The file's head and key; none where it is not the cache's.
std::optional<std::pair<Head, std::string>> read_head(const OpenFile& file) {
  Head head{};
  if (!file || !read_all(file.number(), std::as_writable_bytes(std::span(&head, 1))) || head.mark != mark ||
      head.key_bytes > longest_key)
    return std::nullopt;
  std::string key(head.key_bytes, '\0');
  if (!read_all(file.number(), std::as_writable_bytes(std::span(key)))) return std::nullopt;
  return std::pair(head, std::move(key));
}

std::optional<std::vector<Payload>> read_payloads(const OpenFile& file, const std::string& key) {
  const auto begun = read_head(file);
  struct stat about {};
  if (!begun || begun->second != key || ::fstat(file.number(), &about) != 0) return std::nullopt;
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size < sizeof(Head) + key.size()) return std::nullopt;
  const std::size_t left = size - sizeof(Head) - key.size();
  const auto memory = std::make_shared_for_overwrite<std::byte[]>(left);
  if (!read_all(file.number(), {memory.get(), left})) return std::nullopt;
  DigestStream contents;
  contents.add(std::as_bytes(std::span(key)));
  contents.add({memory.get(), left});
  if (contents.digest() != begun->first.contents) return std::nullopt;
  std::vector<Payload> payloads;
  try {
    for (std::size_t at = 0; at < left; at += payloads.back().size())
      payloads.push_back(Payload::parse(std::shared_ptr<const std::byte>(memory, memory.get() + at), left - at));
  } catch (const PayloadError&) {
    return std::nullopt;  // of another version
  }
  return payloads;
}

bool write_payloads(const OpenFile& file, const std::string& key, std::span<const Payload> payloads) {
  DigestStream contents;
  contents.add(std::as_bytes(std::span(key)));
  for (const Payload& payload : payloads) contents.add(payload.bytes());
  const Head head{mark, contents.digest(), key.size()};
  if (!write_all(file.number(), std::as_bytes(std::span(&head, 1))) ||
      !write_all(file.number(), std::as_bytes(std::span(key))))
    return false;
  return std::all_of(payloads.begin(), payloads.end(),
                     [&](const Payload& payload) { return write_all(file.number(), payload.bytes()); });
}

double size_of(std::span<const Payload> payloads) {
  double bytes = 0;
  for (const Payload& payload : payloads) bytes += static_cast<double>(payload.size());
  return bytes;
}

/// True if the file is the cache's: by its name and by what it begins with.
bool is_of_cache(const PrivateFolder& folder, const std::string& name) {
  if (is_name_of_unfinished(name)) return true;
  if (!is_name(name)) return false;
  const auto begun = read_head(folder.open(name));
  return begun && name_of(begun->second) == name;
}

bool is_recent(const PrivateFolder::File& file) {
  constexpr std::time_t minute = 60;
  return file.used.tv_sec > std::time(nullptr) - minute;
}

}  // namespace

PayloadCache::PayloadCache(std::string root, std::string below, Bytes most, Bytes most_in_memory)
    : root_(std::move(root)), below_(std::move(below)), most_(most), most_in_memory_(most_in_memory) {}

PayloadCache PayloadCache::of_user() {
  Bytes most(5e9);
  if (const char* text = std::getenv("SIMRUN_CACHE_SIZE"); text != nullptr && *text != '\0') {
    const auto given = parse_bytes(text);
    if (!given || given->value < 0)
      throw InputError("environment", "SIMRUN_CACHE_SIZE", "\"" + std::string(text) + "\" is no size",
                       "accepted: a size like \"20 GB\", \"0 B\" to keep nothing");
    most = *given;
  }
  const std::optional<CachePlace> place = cache_place();
  return {place ? place->root : "", place ? place->below + "/payloads" : "", most, Bytes(256e6)};
}

/// Opens the folder unless it is open. False where that cannot be; it is tried once.
bool PayloadCache::open_folder() {
  const std::lock_guard lock(mutex_);
  if (most_.value <= 0 || !why_nothing_.empty()) return false;
  if (folder_.is_open()) return true;
  if (root_.empty()) {
    why_nothing_ = "neither HOME nor XDG_CACHE_HOME names a folder";
    return false;
  }
  folder_ = PrivateFolder(root_, below_);
  why_nothing_ = folder_.problem();
  return folder_.is_open();
}

/// What does not fit is not held.
void PayloadCache::hold(const std::string& key, std::span<const Payload> payloads) {
  const std::lock_guard lock(mutex_);
  const auto before = held_.find(key);
  const double more = size_of(payloads) - (before != held_.end() ? size_of(before->second) : 0);
  if (held_bytes_ + more > most_in_memory_.value) return;
  held_bytes_ += more;
  held_.insert_or_assign(key, std::vector(payloads.begin(), payloads.end()));
}

std::optional<std::vector<Payload>> PayloadCache::find(const std::string& key) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto held = held_.find(key); held != held_.end()) return held->second;
  }
  if (!open_folder()) return std::nullopt;
  const std::string name = name_of(key);
  const OpenFile file = folder_.open(name);
  auto payloads = read_payloads(file, key);
  if (payloads) hold(key, *payloads);
  const std::lock_guard lock(mutex_);
  if (payloads) {
    mark_used(file);
    used_.insert(name);
  } else if (folder_.has(name)) {
    ++mismatched_;
  }
  return payloads;
}

void PayloadCache::keep(const std::string& key, std::span<const Payload> payloads) {
  hold(key, payloads);
  if (!open_folder()) return;
  const double bytes = sizeof(Head) + static_cast<double>(key.size()) + size_of(payloads);
  const std::string name = name_of(key);
  {
    const std::lock_guard lock(mutex_);
    used_.insert(name);
    if (!make_room(bytes)) return;
    total_ += bytes;
  }
  // Processes of several machines may write the same file.
  std::random_device random;
  const std::string part = name + "." + std::to_string(random()) + being_written;
  OpenFile file = folder_.make(part);
  const bool is_whole = file && write_payloads(file, key, payloads);
  if (!is_whole || !folder_.rename(part, name)) folder_.remove(part);
}

/// True if so many bytes can be added. Removes what was used least recently, if that helps.
bool PayloadCache::make_room(double bytes) {
  constexpr double spare = 1e9;  // of a disk, left to others
  if (folder_.free_space() < bytes + spare) return false;
  // To list a large folder takes long: only at first, and where it may be full.
  if (total_ + bytes <= most_.value) return true;
  std::vector<PrivateFolder::File> files = folder_.files();
  std::erase_if(files, [](const auto& file) { return !is_name(file.name) && !is_name_of_unfinished(file.name); });
  total_ = 0;
  for (const PrivateFolder::File& file : files) total_ += file.bytes;
  // What a run that is still going wrote or read last would only be made again.
  std::erase_if(files, [&](const auto& file) { return is_recent(file) || used_.count(file.name) != 0; });
  const auto age = [](const PrivateFolder::File& file) { return std::tuple(file.used.tv_sec, file.used.tv_nsec); };
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) { return age(a) < age(b); });
  // A tenth more than needed, so that the next file finds room.
  const double wanted = total_ + bytes > most_.value ? 0.9 * most_.value : most_.value;
  for (const PrivateFolder::File& file : files) {
    if (total_ + bytes <= wanted) break;
    if (is_of_cache(folder_, file.name) && folder_.remove(file.name)) total_ -= file.bytes;
  }
  return total_ + bytes <= most_.value;
}

std::vector<std::string> PayloadCache::notes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  if (!why_nothing_.empty())
    lines.push_back("payloads are not kept for later runs: " + why_nothing_ +
                    "; XDG_CACHE_HOME may name another folder, SIMRUN_CACHE_SIZE=\"0 B\" says that none is wanted");
  if (mismatched_ > 0)
    lines.push_back(std::to_string(mismatched_) + (mismatched_ == 1 ? " file" : " files") + " of the cache in " +
                    root_ + "/" + below_ + std::string(mismatched_ == 1 ? " was" : " were") +
                    " damaged, of other contents or not this user's; the payloads were made anew");
  return lines;
}

}  // namespace simrun
