#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <source_location>
#include <span>
#include <stdexcept>
#include <string>

namespace simrun::cuda {

// The threads of a GPU as ThreadSanitizer sees them: each is a thread of its own to it, and nothing orders what two of
// them do but the calls in which they wait for each other. In truth they are fibers, which take turns on one processor
// thread and change where they wait. ThreadSanitizer finds that two accesses are not ordered, not that they collide, so
// that this loses nothing; it makes runs repeatable, and shows who waits for whom when nobody can go on.

/// A kernel did what the threads of a GPU may not do.
struct KernelFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A call in which threads wait for each other, and where in the kernel it is.
struct Call {
  const char* name;
  std::source_location place;
};

/// Whether what threads wrote before a call is seen by all of them after it.
enum class Orders { memory, nothing };

/// Where the threads of a block wait for each other, and those of each warp.
class Meetings {
 public:
  virtual ~Meetings() = default;

  /// Thread `thread` waits until all threads of its block are in this call. Returns the values that they brought, by
  /// thread; they stay until this thread's next call.
  virtual std::span<const std::uint64_t> meet_block(unsigned thread, const Call& call, std::uint64_t value = 0) = 0;

  /// The same among the threads of a warp; values by lane.
  virtual std::span<const std::uint64_t> meet_warp(unsigned thread, const Call& call, Orders orders,
                                                   std::uint64_t value = 0) = 0;
};

/// What one thread does: body(crew, its meetings, thread).
using ThreadBody = std::function<void(unsigned crew, Meetings& meetings, unsigned thread)>;

/// Runs `crews` times `threads` threads, in turns drawn from `seed`. Throws KernelFault if threads wait for each other
/// in different calls, or if ThreadSanitizer reports something; `kernel` is for the message.
void run_threads(unsigned crews, unsigned threads, unsigned seed, const std::string& kernel, const ThreadBody& body);

/// Types of the kernels that were launched in this process, as typeid names them.
std::set<std::string>& launched_kernels();

/// While there is one, ThreadSanitizer's reports are counted but not printed.
class QuietReports {
 public:
  QuietReports();
  QuietReports(const QuietReports&) = delete;
  QuietReports& operator=(const QuietReports&) = delete;
  ~QuietReports();
};

}  // namespace simrun::cuda
