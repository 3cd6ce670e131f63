#pragma once

#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "sim/network/transport.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What a rank's time goes into; communication is the time that is left.
enum class Activity { compute, encode, staging, communication, decode };

/// Something a device did.
struct Span {
  Activity activity;
  Seconds begin;
  Seconds end;
  Seconds duration;  ///< as asked for; end - begin is that but for rounding
};

/// Does one thing at a time. It has a stream of work, done in the order of submission; work that an exchange asks for
/// goes in between two pieces of the stream. Only the rank that owns the device gives it work, so that what the device
/// did until now is known without a second actor: the rank waits for the moment when a piece is done.
class Device {
 public:
  explicit Device(Transport& clock) : clock_(clock) {}

  /// Appends a piece of work to the stream; returns its number.
  std::size_t submit(Activity activity, Seconds duration) { return submit({activity, duration, clock_.now(), false}); }

  /// The same of work that others may interrupt: what start() is asked for then does not wait for its end.
  std::size_t submit_divisible(Activity activity, Seconds duration) {
    return submit({activity, duration, clock_.now(), true});
  }

  /// True if that piece is done by now.
  bool is_done(std::size_t piece);

  /// Waits until the stream is done up to and with that piece.
  void finish(std::size_t piece);

  /// Waits until all is done.
  void finish();

  /// Starts work as soon as the piece that is being done is done, or at once where that is divisible; returns when the
  /// work will be done. Work that takes no time waits for nothing.
  Seconds start(Activity activity, Seconds duration);

  /// The same, and waits for it.
  void spend(Activity activity, Seconds duration) { clock_.wait_until(start(activity, duration)); }

  /// How long all work was that exchanges have asked for so far, by activity.
  using Asked = std::array<Seconds, 5>;
  const Asked& asked() const { return asked_; }

  /// What an exchange has asked for since `before` was done so many times more, one after another from `begin` on,
  /// before now: by steps that were skipped. Returns when it was done.
  Seconds repeat_since(const Asked& before, int times, Seconds begin);

  /// When all that was started so far is done.
  Seconds started_until() const { return started_until_; }

  /// What was done since the last call, in order of time; of a divisible piece what is done until now.
  std::vector<Span> take_spans();

 private:
  struct Piece {
    Activity activity;
    Seconds duration;
    Seconds submitted;
    bool is_divisible;
  };

  std::size_t submit(const Piece& piece);
  void catch_up();
  void begin_next();
  void run(Activity activity, Seconds earliest, Seconds duration);
  Seconds interrupt(Activity activity, Seconds duration, Seconds begin);
  void divide(Seconds at);

  Transport& clock_;
  std::deque<Piece> stream_;   ///< not begun yet
  std::vector<Seconds> ends_;  ///< when each piece that was begun is done
  Seconds free_at_;            ///< when all that was begun is done
  Seconds started_until_;
  Asked asked_{};
  std::vector<Span> spans_;
  std::optional<Span> divisible_;  ///< what is left of a divisible piece that was begun last; in no span yet
};

}  // namespace simrun
