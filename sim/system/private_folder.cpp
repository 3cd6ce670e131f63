#include "sim/system/private_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>

namespace simrun {
namespace {

constexpr mode_t others_may_write = S_IWGRP | S_IWOTH;

/// This user's, and writable by nobody else.
bool is_own(const struct stat& about) {
  return about.st_uid == ::geteuid() && (about.st_mode & others_may_write) == 0;
}

/// The same for a folder. Who may write the folder above cannot put anything into its place that is this user's own.
std::string what_is_wrong(const struct stat& about, PrivateFolder::Place place) {
  if (about.st_uid != ::geteuid()) return " is another user's";
  const bool is_open_to_others =
      (about.st_mode & (place == PrivateFolder::Place::last ? others_may_write : S_IWOTH)) != 0;
  return is_open_to_others ? " can be written by other users" : "";
}

}  // namespace

PrivateFolder::PrivateFolder(const std::string& root, const std::string& below) {
  std::error_code failed;
  std::filesystem::create_directories(root, failed);
  folder_ = OpenFile(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) {
    problem_ = root + " cannot be opened: " + std::strerror(errno);
    return;
  }
  const std::filesystem::path parts(below);
  std::string path = root;
  for (auto part = parts.begin(); part != parts.end() && problem_.empty(); ++part) {
    path += "/" + part->string();
    enter(part->string(), path, std::next(part) == parts.end() ? Place::last : Place::above);
  }
  if (!problem_.empty()) folder_.close();
}

/// Goes on from the open folder to one in it.
void PrivateFolder::enter(const std::string& name, const std::string& path, Place place) {
  constexpr mode_t own = S_IRWXU;
  if (::mkdirat(folder_.number(), name.c_str(), own) != 0 && errno != EEXIST) {
    problem_ = path + " cannot be made: " + std::strerror(errno);
    return;
  }
  struct stat about {};
  const bool is_link =
      ::fstatat(folder_.number(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(about.st_mode);
  if (is_link) {
    problem_ = path + " is a link";
    return;
  }
  OpenFile next(::openat(folder_.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!next || ::fstat(next.number(), &about) != 0) {
    problem_ = path + " cannot be opened: " + std::strerror(errno);
    return;
  }
  const std::string wrong = what_is_wrong(about, place);
  if (!wrong.empty()) {
    problem_ = path + wrong;
    return;
  }
  folder_ = std::move(next);
}

OpenFile PrivateFolder::open(const std::string& name) const {
  OpenFile file(::openat(folder_.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat about {};
  if (file && (::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode) || !is_own(about))) file.close();
  return file;
}

bool PrivateFolder::has(const std::string& name) const {
  struct stat about {};
  return ::fstatat(folder_.number(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0;
}

OpenFile PrivateFolder::make(const std::string& name) const {
  return OpenFile(::openat(folder_.number(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                           S_IRUSR | S_IWUSR));
}

bool PrivateFolder::rename(const std::string& from, const std::string& to) const {
  return ::renameat(folder_.number(), from.c_str(), folder_.number(), to.c_str()) == 0;
}

bool PrivateFolder::remove(const std::string& name) const {
  return ::unlinkat(folder_.number(), name.c_str(), 0) == 0;
}

std::vector<PrivateFolder::File> PrivateFolder::files() const {
  std::vector<File> files;
  // A descriptor of its own: reading moves its position.
  const int again = ::openat(folder_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(again < 0 ? nullptr : ::fdopendir(again), ::closedir);
  if (!folder) {
    if (again >= 0) ::close(again);
    return files;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    struct stat about {};
    if (::fstatat(folder_.number(), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(about.st_mode) && is_own(about))
      files.push_back({entry->d_name, static_cast<double>(about.st_size), about.st_mtim});
  }
  return files;
}

double PrivateFolder::free_space() const {
  struct statvfs disk {};
  if (::fstatvfs(folder_.number(), &disk) != 0) return 0;
  return static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
}

void mark_used(const OpenFile& file) {
  ::futimens(file.number(), nullptr);
}

}  // namespace simrun
