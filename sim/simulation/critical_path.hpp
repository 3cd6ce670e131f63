#pragma once

#include <vector>

#include "sim/simulation/message_log.hpp"
#include "sim/simulation/simulation.hpp"

namespace simrun {

/// A piece of what an iteration's time consists of.
struct PathPiece {
  enum class Kind {
    compute,
    encode,
    staging,
    decode,
    transfer,  ///< a message on its way, from when it could start
    send,      ///< a wait until a message has left
    other,     ///< neither: a server at work, what a message costs its host
  };
  Kind kind = Kind::other;
  int rank = 0;    ///< where; of a transfer the receiver
  int sender = 0;  ///< of a transfer
  Seconds begin;
  Seconds end;
};

const char* name_of(PathPiece::Kind kind);

/// The longest chain of what waits for what, of the iteration that `times` show, in order of time: from the last rank's
/// end back over what it did, and to the sender of what it had to wait for, and so on until an iteration's time before.
/// The pieces follow each other without a gap and last as long as the iteration. `times` have spans. A message that
/// starts only when its receiver is ready (above `eager_limit`), and does so after it was sent, leads back to the
/// receiver. A wait for a send leads back to what the same rank did before.
std::vector<PathPiece> critical_path(const Times& times, const MessageLog& log, Bytes eager_limit);

}  // namespace simrun
