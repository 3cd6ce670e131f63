#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What travels at once: payloads one after another.
using Message = std::vector<Payload>;

/// Bytes of all payloads together.
std::uint64_t size_of(const Message& message);

/// A transfer that was started; every one is waited for once.
enum class Request : int {};

/// One rank's access to the network and to time. A collective is ordinary code over this interface: it runs in
/// simulated time, in memory, or on a real cluster.
///
/// A message starts when it is sent, or, if it is long, when its receiver is ready besides: above which size is a
/// matter of the network. So a rank starts to receive before it waits for others. Messages with equal (source,
/// destination, tag) arrive in order.
///
/// A step of a ring of three, in which every rank sends to the next:
///
///     const Request incoming = transport.start_receive((transport.rank() + 2) % 3);
///     const Request outgoing = transport.start_send((transport.rank() + 1) % 3, {mine});
///     const Payload theirs = transport.wait(incoming).front();
///     transport.wait(outgoing);
///
/// On a star of 1 Gbps and 50 us, model `ideal`, and with 1 MB each, that takes 50 us + 1 MB / 125 MB/s = 8.05 ms.
class Transport {
 public:
  virtual ~Transport() = default;

  /// 0 .. size() - 1 for workers; size() for the parameter server, where there is one on a host of its own.
  virtual int rank() const = 0;

  /// The number of workers M.
  virtual int size() const = 0;

  virtual Request start_send(int to, Message message, int tag = 0) = 0;
  virtual Request start_receive(int from, int tag = 0) = 0;

  /// Waits until the transfer is complete: returns what was received, nothing for a send.
  virtual Message wait(Request request) = 0;

  /// This rank's clock.
  virtual Seconds now() const = 0;
  virtual void wait_until(Seconds time) = 0;

  /// Bytes that this rank sent and received so far.
  struct Traffic {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;

    friend bool operator==(const Traffic& a, const Traffic& b) = default;
    friend Traffic operator-(const Traffic& a, const Traffic& b) { return {a.sent - b.sent, a.received - b.received}; }
  };
  virtual Traffic traffic() const = 0;

  /// True if what an exchange gives is looked at, and not its size alone. In simulated time it is not.
  virtual bool wants_contents() const { return true; }

  /// Runs step(0) .. step(count - 1). All ranks call it together. Where every step sends and receives the same number
  /// of bytes on every rank, it may, in simulated time, skip ahead once two successive steps took every rank the same
  /// time; returns the number of steps that really ran, the same on every rank.
  virtual int repeat(int count, const std::function<void(int)>& step);

  void send(int to, Message message, int tag = 0) { wait(start_send(to, std::move(message), tag)); }
  Message receive(int from, int tag = 0) { return wait(start_receive(from, tag)); }

  /// What a rank sends to another one, if anything, and whether another one sends it something.
  using PayloadTo = std::function<std::optional<Payload>(int to)>;
  using ComesFrom = std::function<bool(int from)>;

  /// Sends to every other rank what is for it, to the next one first, and receives from those that send to this one,
  /// all at once. All ranks call it together. Returns what was received, and what is for this rank itself, by sender.
  virtual std::vector<Payload> all_to_all(const PayloadTo& payload, const ComesFrom& comes);

  /// Sends and receives at once.
  Message exchange(int to, Message message, int from, int tag = 0);
};

}  // namespace simrun
