#pragma once

#include <mpi.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "sim/mpi/frame.hpp"
#include "sim/network/transport.hpp"

namespace simrun {

/// Whether there is a core for every rank of a machine.
enum class Cores { own, shared };

/// One rank of a real cluster. What payloads hold really travels; those without contents travel as buffers of their
/// size. A message carries 32 bytes a payload more than traffic() counts, and up to 7 to align it.
///
/// MPI lets a large message wait until its receiver asks for it. Here it does not: whatever a rank does in this class,
/// also while it waits for a time, it takes in what arrives.
class MpiTransport final : public Transport {
 public:
  /// The first `workers` ranks of `ranks` are the workers, the next, if there is one, is the server. All of them call
  /// this together; their clocks start then.
  MpiTransport(MPI_Comm ranks, int workers, Cores cores);

  int rank() const override { return rank_; }
  int size() const override { return workers_; }
  Request start_send(int to, Message message, int tag) override;
  Request start_receive(int from, int tag) override;
  Message wait(Request request) override;
  Seconds now() const override;
  void wait_until(Seconds time) override;
  Traffic traffic() const override { return traffic_; }

 private:
  struct Outgoing {
    OutgoingFrame frame;
    MPI_Request request;
  };
  struct Incoming {
    std::shared_ptr<std::byte> bytes;
    std::size_t size;
    MPI_Request request;
  };
  /// The messages from one rank with one tag.
  struct Channel {
    int asked = 0;  ///< receives that were started
    int seen = 0;   ///< messages that began to arrive
    std::map<int, Incoming> arrived;
  };
  struct Expected {
    Channel* channel;
    int number;
  };

  bool accept();
  void rest(Seconds waited) const;
  void wait_for(MPI_Request& request);
  std::shared_ptr<const std::byte> filler(std::size_t bytes);

  MPI_Comm ranks_;
  int rank_ = 0;
  int workers_;
  Cores cores_;
  std::chrono::steady_clock::time_point start_;
  int requests_ = 0;  ///< made so far
  std::map<int, Outgoing> sends_;
  std::map<int, Expected> receives_;
  std::map<std::pair<int, int>, Channel> channels_;  ///< by source and tag
  std::shared_ptr<std::byte> filler_;
  std::size_t filler_bytes_ = 0;
  Traffic traffic_;
};

}  // namespace simrun
