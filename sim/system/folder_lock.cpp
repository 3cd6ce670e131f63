#include "sim/system/folder_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sim/text/error.hpp"

namespace simrun {
namespace {

std::string lock_file(const std::string& folder) {
  return folder + "/.lock";
}

}  // namespace

void make_folder(const std::string& folder) {
  const auto refuse = [&](const std::string& what) {
    throw InputError("command line", "--out", "the folder " + folder + " cannot be " + what,
                     "accepted: a folder that can be written");
  };
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) refuse("made: " + failed.message());
  if (::access(folder.c_str(), W_OK | X_OK) != 0) refuse(std::string("written: ") + std::strerror(errno));
}

FolderLock::FolderLock(const std::string& folder, Kind kind, const std::string& instead)
    : file_(::open(lock_file(folder).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666)) {
  if (file_ < 0)
    throw InputError("command line", "--out", "the folder " + folder + " cannot be written: " + std::strerror(errno),
                     "accepted: a folder that can be written");
  // Not flock(), whose lock children that outlive this process for a moment would hold.
  struct flock lock {};
  lock.l_type = kind == Kind::alone ? F_WRLCK : F_RDLCK;
  lock.l_whence = SEEK_SET;
  is_held_ = ::fcntl(file_, F_SETLK, &lock) == 0;
  if (is_held_ || (errno != EAGAIN && errno != EACCES)) return;
  ::close(file_);
  throw InputError("command line", "--out", "another run is at work in the folder " + folder, "accepted: " + instead);
}

FolderLock::~FolderLock() {
  ::close(file_);
}

bool FolderLock::was_made_in(const std::string& folder) {
  std::error_code ignored;
  return std::filesystem::exists(lock_file(folder), ignored);
}

}  // namespace simrun
