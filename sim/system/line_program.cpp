#include "sim/system/line_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sim/system/child_process.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): not every system's headers have it

namespace simrun {

LineProgram::LineProgram(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  // A socket: writing to a program that has ended is then no signal.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw ChildFailure(std::string("no socket to a program: ") + std::strerror(errno));
  talk_ = OpenFile(ends[0]);
  const OpenFile its_end(ends[1]);
  printed_ = OpenFile(::memfd_create("simrun-program", MFD_CLOEXEC));
  if (!printed_) throw ChildFailure(std::string("no file for a program: ") + std::strerror(errno));
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, its_end.number(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, its_end.number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, printed_.number(), STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int failed = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed == 0) return;
  pid_ = -1;
  throw ChildFailure(std::string("cannot be started: ") + std::strerror(failed));
}

LineProgram::~LineProgram() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void LineProgram::fail_ended() {
  int status = 0;
  ::kill(pid_, SIGKILL);  // what only closed its output
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  throw ChildFailure(describe_end(status, printed_.number()));
}

std::string LineProgram::hear() {
  if (pid_ < 0) throw ChildFailure("has ended");
  std::array<char, 65536> buffer;
  std::size_t end = heard_.find('\n');
  while (end == std::string::npos) {
    const ssize_t count = ::recv(talk_.number(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_ended();
    const std::size_t before = heard_.size();
    heard_.append(buffer.data(), static_cast<std::size_t>(count));
    end = heard_.find('\n', before);
  }
  std::string line = heard_.substr(0, end);
  heard_.erase(0, end + 1);
  return line;
}

std::string LineProgram::ask(const std::string& line) {
  if (pid_ < 0) throw ChildFailure("has ended");
  const std::string text = line + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::send(talk_.number(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_ended();
    done += static_cast<std::size_t>(count);
  }
  return hear();
}

}  // namespace simrun
