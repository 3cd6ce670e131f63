#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <simgrid/s4u.hpp>
#include <vector>

// After s4u.hpp, whose macros it needs.
#include <simgrid/kernel/Timer.hpp>

#include "sim/text/units.hpp"

namespace simrun {

/// Simulated time, and what is to happen in it, in order. The clock begins at 0, where SimGrid's goes on from one
/// simulation to the next, so that a simulation does not depend on those before it in its process.
///
/// At one instant what is nobody's comes first, in the order in which it was asked for, and then what is a rank's, in
/// the order of ranks: where ranks do the same at once, which of them comes first must not depend on how SimGrid goes
/// through them. Sharing of links comes after all that. The agenda holds one of SimGrid's timers at a time: one for
/// every entry would cost more than the messages that they are for.
class Agenda {
 public:
  static constexpr int nobody = -1;
  static constexpr int after_all = std::numeric_limits<int>::max();

  /// `is_simgrids`: things happen that the agenda does not know, the clock is SimGrid's.
  explicit Agenda(bool is_simgrids) : is_simgrids_(is_simgrids) {}
  Agenda(const Agenda&) = delete;
  Agenda& operator=(const Agenda&) = delete;
  ~Agenda();

  Seconds now() const { return is_simgrids_ ? simgrids_now() : now_; }

  /// Does `what` at `time`, now or later.
  void at(Seconds time, std::function<void()> what, int rank = nobody);

 private:
  /// Small, since entries change places often.
  struct Entry {
    Seconds time;
    std::uint64_t number;  ///< among all that were asked for
    int rank;
    int what;  ///< of whats_
  };

  static Seconds simgrids_now() { return Seconds(simgrid::s4u::Engine::get_clock()); }
  static bool is_later(const Entry& a, const Entry& b);
  void run_due();
  void set_timer();

  bool is_simgrids_;
  Seconds begin_ = simgrids_now();  ///< on SimGrid's clock
  Seconds now_;                     ///< of a clock of its own
  std::vector<Entry> entries_;      ///< a heap, the next one in front
  std::vector<std::function<void()>> whats_;
  std::vector<int> free_whats_;
  std::uint64_t count_ = 0;
  simgrid::kernel::timer::Timer* timer_ = nullptr;  ///< for the next entry
  bool is_running_ = false;
};

}  // namespace simrun
