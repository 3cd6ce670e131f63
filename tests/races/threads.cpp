// This file is compiled without ThreadSanitizer, which should not see how turns are taken. So that the linker does not
// put functions of the others in the place of its own, its containers hold types of its own.

#include "tests/races/threads.hpp"

#include <sanitizer/tsan_interface.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <system_error>
#include <vector>

#include "kernels/cuda/block.hpp"

namespace {

unsigned reports_seen = 0;
unsigned quiet = 0;

}  // namespace

/// One report for an address that was used before for something else would keep others back.
extern "C" const char* __tsan_default_options() {
  return "suppress_equal_addresses=0";
}

namespace __tsan {

class ReportDesc;

/// ThreadSanitizer calls this for every report; true: it is not printed and does not count for the exit status.
bool OnReport(const ReportDesc*, bool) {
  ++reports_seen;
  return quiet > 0;
}

}  // namespace __tsan

namespace simrun::cuda {
namespace {

bool same(const Call& a, const Call& b) {
  return a.place.line() == b.place.line() && a.place.column() == b.place.column() && std::strcmp(a.name, b.name) == 0 &&
         std::strcmp(a.place.file_name(), b.place.file_name()) == 0;
}

/// "each_thread at line 12 of top_k.hpp".
std::string described(const Call& call) {
  const std::string path = call.place.file_name();
  return std::string(call.name) + " at line " + std::to_string(call.place.line()) + " of " +
         path.substr(path.rfind('/') + 1);
}

/// A stack, and what ThreadSanitizer knows of the thread that runs on it.
class Fiber {
 public:
  Fiber() : tsan_(__tsan_create_fiber(0)) {
    stack_ = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "memory for a stack");
    mprotect(stack_, guard_bytes, PROT_NONE);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber() {
    munmap(stack_, stack_bytes);
    __tsan_destroy_fiber(tsan_);
  }

  /// Begins anew, with a function that does not return. `name` is what reports call the thread.
  void start(void (*run)(), const std::string& name) {
    __tsan_set_fiber_name(tsan_, name.c_str());
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    makecontext(&context_, run, 0);
  }

  void enter(ucontext_t& from) {
    __tsan_switch_to_fiber(tsan_, __tsan_switch_to_fiber_no_sync);
    swapcontext(&from, &context_);
  }

  /// What the thread did comes before what `tsan` does next.
  void join(void* tsan) {
    __tsan_switch_to_fiber(tsan_, 0);
    __tsan_switch_to_fiber(tsan, 0);
  }

  void leave(ucontext_t& to, void* to_tsan) {
    __tsan_switch_to_fiber(to_tsan, __tsan_switch_to_fiber_no_sync);
    swapcontext(&context_, &to);
  }

 private:
  static constexpr std::size_t stack_bytes = 128 * 1024;
  static constexpr std::size_t guard_bytes = 4096;

  void* tsan_;
  void* stack_;
  ucontext_t context_{};
};

/// Making a fiber takes long, so they are kept.
std::vector<std::unique_ptr<Fiber>>& spare_fibers() {
  static std::vector<std::unique_ptr<Fiber>> fibers;
  return fibers;
}

std::unique_ptr<Fiber> take_fiber() {
  auto& spare = spare_fibers();
  if (spare.empty()) return std::make_unique<Fiber>();
  std::unique_ptr<Fiber> fiber = std::move(spare.back());
  spare.pop_back();
  return fiber;
}

/// A thread: its fiber, and where it stands.
struct Thread {
  enum class State { ready, waiting, done };
  std::unique_ptr<Fiber> fiber;
  State state = State::ready;
  Call call{};
};

/// Where some threads meet, again and again.
struct Meeting {
  std::span<Thread> threads;
  std::size_t arrived = 0;
  unsigned turn = 0;   ///< which half of the following; two turns do not touch, as nobody is two turns ahead
  char order[2] = {};  ///< what ThreadSanitizer takes for the object that orders memory
  std::unique_ptr<std::uint64_t[]> values[2];

  explicit Meeting(std::span<Thread> who) : threads(who) {
    for (auto& each : values) each = std::make_unique<std::uint64_t[]>(who.size());
  }

  /// Lets all go if all are there, in the same call.
  void open() {
    const auto is_there = [&](const Thread& t) { return same(t.call, threads.front().call); };
    if (arrived < threads.size() || !std::all_of(threads.begin(), threads.end(), is_there)) return;
    for (Thread& each : threads) each.state = Thread::State::ready;
    arrived = 0;
    turn ^= 1U;
  }
};

class Run;

/// The threads of a block.
class Crew final : public Meetings {
 public:
  Crew(Run& run, unsigned threads) : run_(run), threads_(threads), block_(threads_) {
    for (Thread& each : threads_) each.fiber = take_fiber();
    for (unsigned first = 0; first < threads; first += warp_lanes) {
      warps_.emplace_back(std::span(threads_).subspan(first, std::min(warp_lanes, threads - first)));
    }
  }

  std::vector<Thread>& threads() { return threads_; }

  std::span<const std::uint64_t> meet_block(unsigned thread, const Call& call, std::uint64_t value) override {
    return meet(block_, thread, thread, call, Orders::memory, value);
  }

  std::span<const std::uint64_t> meet_warp(unsigned thread, const Call& call, Orders orders,
                                           std::uint64_t value) override {
    return meet(warps_[thread / warp_lanes], thread, thread % warp_lanes, call, orders, value);
  }

  /// Where all stand, none of which can go on: "1 in return at line 201 of threaded_machine.hpp, 63 in once at ...".
  std::string described_calls() const {
    std::map<std::string, unsigned> counts;
    for (const Thread& each : threads_) ++counts[described(each.call)];
    std::string text;
    for (const auto& [call, count] : counts) {
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " in " + call;
    }
    return text;
  }

 private:
  std::span<const std::uint64_t> meet(Meeting& meeting, unsigned thread, unsigned place, const Call& call,
                                      Orders orders, std::uint64_t value);

  Run& run_;
  std::vector<Thread> threads_;
  Meeting block_;
  std::vector<Meeting> warps_;
};

/// One call of run_threads.
class Run {
 public:
  Run(unsigned crews, unsigned threads, unsigned seed, const ThreadBody& body) : random_(seed), body_(body) {
    for (unsigned number = 0; number < crews; ++number) crews_.push_back(std::make_unique<Crew>(*this, threads));
    for (const auto& crew : crews_) {
      for (std::size_t t = 0; t < threads; ++t) {
        crew->threads()[t].fiber->start(run_thread, "thread " + std::to_string(t) + " of a block");
      }
    }
  }

  /// Returns where threads stand that wait for each other in vain; "" if all came to their end.
  std::string run() {
    running = this;
    __tsan_release(&begin_);
    while (take_turns()) {
    }
    running = nullptr;
    for (const auto& crew : crews_) {
      for (Thread& each : crew->threads()) each.fiber->join(main_tsan_);
    }
    for (const auto& crew : crews_) {
      const auto is_done = [](const Thread& t) { return t.state == Thread::State::done; };
      if (!std::all_of(crew->threads().begin(), crew->threads().end(), is_done)) return crew->described_calls();
    }
    for (const auto& crew : crews_) {
      for (Thread& each : crew->threads()) spare_fibers().push_back(std::move(each.fiber));
    }
    return "";
  }

  /// Of the thread that has its turn: lets others have theirs.
  void wait() { current_->fiber->leave(main_, main_tsan_); }

 private:
  /// Every thread that is ready has a turn; false if none is. Who begins is drawn, and whether up or down from there.
  bool take_turns() {
    bool any = false;
    const std::size_t first = random_() % crews_.size();
    for (std::size_t i = 0; i < crews_.size(); ++i) {
      crew_ = static_cast<unsigned>((first + i) % crews_.size());
      const std::size_t count = crews_[crew_]->threads().size();
      const std::size_t step = random_() % 2 == 0 ? 1 : count - 1;
      std::size_t at = random_() % count;
      for (std::size_t turn = 0; turn < count; ++turn, at = (at + step) % count) any |= take_turn(at);
    }
    return any;
  }

  bool take_turn(std::size_t thread) {
    current_ = &crews_[crew_]->threads()[thread];
    if (current_->state != Thread::State::ready) return false;
    thread_ = static_cast<unsigned>(thread);
    current_->fiber->enter(main_);
    return true;
  }

  /// On the stack of a thread.
  static void run_thread() noexcept {
    Run& run = *running;
    Thread& self = *run.current_;
    __tsan_acquire(&run.begin_);
    run.body_(run.crew_, *run.crews_[run.crew_], run.thread_);
    self.state = Thread::State::done;
    run.wait();
    std::terminate();
  }

  static inline Run* running = nullptr;

  std::minstd_rand random_;
  const ThreadBody& body_;
  std::vector<std::unique_ptr<Crew>> crews_;
  ucontext_t main_{};
  void* main_tsan_ = __tsan_get_current_fiber();
  char begin_ = 0;
  Thread* current_ = nullptr;  ///< whose turn it is, its crew and number
  unsigned crew_ = 0;
  unsigned thread_ = 0;
};

std::span<const std::uint64_t> Crew::meet(Meeting& meeting, unsigned thread, unsigned place, const Call& call,
                                          Orders orders, std::uint64_t value) {
  const unsigned turn = meeting.turn;
  Thread& self = threads_[thread];
  self.call = call;
  self.state = Thread::State::waiting;
  meeting.values[turn][place] = value;
  ++meeting.arrived;
  if (orders == Orders::memory) __tsan_release(&meeting.order[turn]);
  meeting.open();
  run_.wait();
  if (orders == Orders::memory) __tsan_acquire(&meeting.order[turn]);
  return {meeting.values[turn].get(), meeting.threads.size()};
}

}  // namespace

void run_threads(unsigned crews, unsigned threads, unsigned seed, const std::string& kernel, const ThreadBody& body) {
  const unsigned before = reports_seen;
  const std::string stuck = Run(crews, threads, seed, body).run();
  if (!stuck.empty()) throw KernelFault(kernel + ": the threads of a block are not in the same call: " + stuck);
  if (reports_seen > before) throw KernelFault(kernel + ": ThreadSanitizer reports a data race");
}

std::set<std::string>& launched_kernels() {
  static std::set<std::string> kernels;
  return kernels;
}

QuietReports::QuietReports() {
  ++quiet;
}

QuietReports::~QuietReports() {
  --quiet;
}

}  // namespace simrun::cuda
