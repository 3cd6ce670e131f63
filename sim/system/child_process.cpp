#include "sim/system/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "sim/system/interruption.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

// The first byte that a child sends says what follows.
constexpr char is_result = 'R';
constexpr char is_input_error = 'I';
constexpr char is_failure = 'F';

void write_answer(int file, std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::write(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

std::string answer_of(const std::function<std::string()>& work) {
  try {
    return is_result + work();
  } catch (const InputError& error) {
    return is_input_error + error.serialised();
  } catch (const std::exception& error) {
    return is_failure + std::string(error.what());
  } catch (...) {
    return is_failure + std::string("unknown failure");
  }
}

/// Ends the child at once where memory is missing: simulated ranks would all go on, and each would meet the same.
void answer_without_memory(int pipe) {
  static int file = -1;
  file = pipe;
  static_assert(is_failure == 'F');
  std::set_new_handler([] {
    write_answer(file, "Fthere is not enough memory");
    ::_exit(0);
  });
}

[[noreturn]] void run_child(pid_t parent, int pipe, int printed, const std::function<std::string()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);     // nobody waits for the result any more
  if (::getppid() != parent) ::_exit(1);  // it ended before that
  InterruptionNotice::forget();
  ::dup2(printed, STDOUT_FILENO);
  ::dup2(printed, STDERR_FILENO);
  answer_without_memory(pipe);
  write_answer(pipe, answer_of(work));
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
  for (const auto& [pipe, child] : children_) {
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    ::close(pipe);
    ::close(child.printed);
  }
}

void ChildPool::start(std::size_t task, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  const int printed = ::memfd_create("simrun-child", MFD_CLOEXEC);
  if (printed < 0) throw ChildFailure(std::string("no file for a child process: ") + std::strerror(errno));
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    const int cause = errno;
    ::close(printed);
    throw ChildFailure(std::string("no pipe to a child process: ") + std::strerror(cause));
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int cause = errno;
    for (const int file : {printed, ends[0], ends[1]}) ::close(file);
    throw ChildFailure(std::string("no child process: ") + std::strerror(cause));
  }
  if (pid == 0) run_child(parent, ends[1], printed, work);
  ::close(ends[1]);
  children_[ends[0]] = {task, pid, printed, {}};
}

ChildPool::Result ChildPool::wait() {
  while (true) {
    std::vector<pollfd> pipes;
    for (const auto& [pipe, child] : children_) pipes.push_back({pipe, POLLIN, 0});
    if (::poll(pipes.data(), pipes.size(), -1) < 0 && errno != EINTR) throw ChildFailure(std::strerror(errno));
    for (const pollfd& ready : pipes) {
      if (ready.revents == 0) continue;
      Child& child = children_.at(ready.fd);
      std::array<char, 65536> buffer;
      const ssize_t count = ::read(ready.fd, buffer.data(), buffer.size());
      if (count > 0) {
        child.bytes.append(buffer.data(), static_cast<std::size_t>(count));
      } else if (count == 0) {
        return collect(ready.fd);
      }
    }
  }
}

ChildPool::Result ChildPool::collect(int pipe) {
  const Child child = std::move(children_.at(pipe));
  children_.erase(pipe);
  ::close(pipe);
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  Result result{child.task, std::nullopt, {}, {}};
  const char kind = child.bytes.empty() ? '\0' : child.bytes.front();
  const std::string rest = child.bytes.empty() ? "" : child.bytes.substr(1);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || kind == '\0') {
    result.failure = describe_end(status, child.printed);
  } else if (kind == is_result) {
    result.output = rest;
  } else if (kind == is_input_error) {
    result.input_error = InputError::deserialise(rest);
    result.failure = result.input_error->what();
  } else {
    result.failure = rest;
  }
  result.failure = as_utf8(result.failure);  // it may go into JSON
  ::close(child.printed);
  return result;
}

std::string run_in_child(const std::function<std::string()>& work) {
  ChildPool pool;
  pool.start(0, work);
  const ChildPool::Result result = pool.wait();
  if (result.input_error) throw *result.input_error;
  if (!result.output) throw ChildFailure(result.failure);
  return *result.output;
}

}  // namespace simrun
