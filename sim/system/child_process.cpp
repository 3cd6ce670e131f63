#include "sim/system/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "sim/system/interruption.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

// The first byte of an answer says what follows.
constexpr char is_result = 'R';
constexpr char is_input_error = 'I';
constexpr char is_failure = 'F';

/// Before an answer: its bytes.
using Length = std::uint64_t;

/// In place of a task: there is no more.
constexpr std::size_t no_task = std::numeric_limits<std::size_t>::max();

/// False where nobody reads them.
bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

void send_answer(int socket, std::string_view answer) {
  const Length length = answer.size();
  send_all(socket, bytes_of(length));
  send_all(socket, answer);
}

/// `no_task` where there is none, or nobody is left to give one.
std::size_t next_task(int socket) {
  std::size_t task = no_task;
  while (true) {
    const ssize_t count = ::recv(socket, &task, sizeof task, MSG_WAITALL);
    if (count < 0 && errno == EINTR) continue;
    return count == sizeof task ? task : no_task;
  }
}

std::string answer_to(std::size_t task, const ChildPool::Work& work) {
  try {
    return is_result + work(task);
  } catch (const InputError& error) {
    return is_input_error + error.serialised();
  } catch (const std::exception& error) {
    return is_failure + std::string(error.what());
  } catch (...) {
    return is_failure + std::string("unknown failure");
  }
}

/// Ends the child at once where memory is missing: simulated ranks would all go on, and each would meet the same.
void answer_without_memory(int socket) {
  static int file = -1;
  file = socket;
  static_assert(is_failure == 'F');
  std::set_new_handler([] {
    send_answer(file, "Fthere is not enough memory");
    ::_exit(0);
  });
}

[[noreturn]] void run_child(pid_t parent, int socket, int printed, const ChildPool::Work& work, std::size_t task) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);     // nobody waits for the result any more
  if (::getppid() != parent) ::_exit(1);  // it ended before that
  InterruptionNotice::forget();
  ::dup2(printed, STDOUT_FILENO);
  ::dup2(printed, STDERR_FILENO);
  answer_without_memory(socket);
  bool goes_on = true;
  while (goes_on && task != no_task) {
    const std::string answer = answer_to(task, work);
    send_answer(socket, answer);
    goes_on = answer.front() == is_result;  // else nobody knows what is left behind
    if (goes_on) task = next_task(socket);
  }
  // Nothing of the parent's is flushed or destroyed a second time.
  ::_exit(0);
}

/// Where SimGrid shows a backtrace, the line before it.
std::string last_line(int file) {
  std::array<char, 65536> tail{};
  const off_t size = ::lseek(file, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(tail.size()));
  const ssize_t count = ::pread(file, tail.data(), tail.size(), from);
  std::string text(tail.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  text.resize(std::min(text.size(), text.find("Backtrace (displayed in")));
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::string describe_end(int status, int printed) {
  std::string what = WIFSIGNALED(status) ? std::string("ended by signal: ") + ::strsignal(WTERMSIG(status))
                                         : "ended with status " + std::to_string(WEXITSTATUS(status));
  const std::string said = last_line(printed);
  return said.empty() ? what : what + " (" + shortened(said, 1000) + ")";
}

ChildPool::~ChildPool() {
  while (!children_.empty()) {
    ::kill(children_.begin()->second.pid, SIGKILL);
    ::close(children_.begin()->second.printed);
    bury(children_.begin()->first);
  }
}

void ChildPool::start(std::size_t task, const Work& work) {
  std::array<int, 2> ends{};
  const int printed = ::memfd_create("simrun-child", MFD_CLOEXEC);
  if (printed < 0) throw ChildFailure(std::string("no file for a child process: ") + std::strerror(errno));
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    const int cause = errno;
    ::close(printed);
    throw ChildFailure(std::string("no socket to a child process: ") + std::strerror(cause));
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int cause = errno;
    for (const int file : {printed, ends[0], ends[1]}) ::close(file);
    throw ChildFailure(std::string("no child process: ") + std::strerror(cause));
  }
  if (pid == 0) run_child(parent, ends[1], printed, work, task);
  ::close(ends[1]);
  children_[ends[0]] = {task, pid, printed, {}};
}

void ChildPool::go_on(int child, std::size_t task) {
  children_.at(child).task = task;
  send_all(child, bytes_of(task));  // that the child has ended, waiting for its answer shows
}

void ChildPool::end(int child) {
  send_all(child, bytes_of(no_task));
  ::close(children_.at(child).printed);
  bury(child);
}

ChildPool::Result ChildPool::wait() {
  while (true) {
    std::vector<pollfd> sockets;
    for (const auto& [socket, child] : children_) sockets.push_back({socket, POLLIN, 0});
    if (::poll(sockets.data(), sockets.size(), -1) < 0 && errno != EINTR) throw ChildFailure(std::strerror(errno));
    for (const pollfd& ready : sockets) {
      if (ready.revents == 0) continue;
      if (auto result = receive(ready.fd)) return *result;
    }
  }
}

/// None while more of the child's answer is to come.
std::optional<ChildPool::Result> ChildPool::receive(int socket) {
  Child& child = children_.at(socket);
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (count == 0 || (count < 0 && errno == ECONNRESET)) return give_up(socket);
  if (count < 0) return std::nullopt;
  child.bytes.append(buffer.data(), static_cast<std::size_t>(count));
  Length length = 0;
  if (child.bytes.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, child.bytes.data(), sizeof length);
  if (child.bytes.size() < sizeof length + length) return std::nullopt;

  const char kind = child.bytes[sizeof length];
  const std::string rest = child.bytes.substr(sizeof length + 1);
  child.bytes.clear();
  Result result{child.task, std::nullopt, {}, {}, {}};
  if (kind == is_result) {
    result.output = rest;
    result.child = socket;
    return result;
  }
  if (kind == is_input_error) result.input_error = InputError::deserialise(rest);
  result.failure = as_utf8(kind == is_input_error ? result.input_error->what() : rest);  // it may go into JSON
  ::close(child.printed);
  bury(socket);
  return result;
}

/// Of a child that has ended without an answer.
ChildPool::Result ChildPool::give_up(int socket) {
  const Child child = children_.at(socket);
  const int status = bury(socket);
  Result result{child.task, std::nullopt, as_utf8(describe_end(status, child.printed)), {}, {}};
  ::close(child.printed);
  return result;
}

/// Waits for the end of a child, and forgets it. Returns its status.
int ChildPool::bury(int socket) {
  const pid_t pid = children_.at(socket).pid;
  children_.erase(socket);
  ::close(socket);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string run_in_child(const std::function<std::string()>& work) {
  ChildPool pool;
  pool.start(0, [&](std::size_t) { return work(); });
  const ChildPool::Result result = pool.wait();
  if (result.child) pool.end(*result.child);
  if (result.input_error) throw *result.input_error;
  if (!result.output) throw ChildFailure(result.failure);
  return *result.output;
}

}  // namespace simrun
