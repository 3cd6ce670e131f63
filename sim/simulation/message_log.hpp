#pragma once

#include <deque>
#include <map>
#include <tuple>
#include <vector>

#include "sim/network/transport.hpp"

namespace simrun {

/// A message that has arrived.
struct Delivery {
  int from = 0;
  int to = 0;
  std::uint64_t bytes = 0;
  Seconds sent;     ///< when its sender began to send it
  Seconds ready;    ///< when its receiver began to receive it
  Seconds awaited;  ///< when its receiver began to wait for it
  Seconds done;     ///< when it had it, or had it already when it began to wait
};

/// A rank waits until a message of its own has left.
struct SendWait {
  int rank = 0;
  Seconds begin;
  Seconds end;
};

/// What all ranks of a simulation receive, and wait for.
class MessageLog {
 public:
  /// Forgets nothing; a rank's deliveries are in order of time.
  const std::vector<Delivery>& deliveries() const { return deliveries_; }

  /// Likewise.
  const std::vector<SendWait>& send_waits() const { return send_waits_; }

  using Route = std::tuple<int, int, int>;  ///< from, to, tag

  void sent(const Route& route, Seconds at) { begun_[route].push_back(at); }

  /// When what now arrives by the route was sent: messages by one route arrive in order.
  Seconds take_sent(const Route& route);

  void add(const Delivery& delivery) { deliveries_.push_back(delivery); }
  void add(const SendWait& wait) { send_waits_.push_back(wait); }

 private:
  std::map<Route, std::deque<Seconds>> begun_;
  std::vector<Delivery> deliveries_;
  std::vector<SendWait> send_waits_;
};

/// A rank's transport that notes what it receives and waits for.
class LoggedTransport final : public Transport {
 public:
  LoggedTransport(Transport& inner, MessageLog& log) : inner_(inner), log_(log) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  Request start_send(int to, Message message, int tag = 0) override;
  Request start_receive(int from, int tag = 0) override;
  Message wait(Request request) override;
  Seconds now() const override { return inner_.now(); }
  void wait_until(Seconds time) override { inner_.wait_until(time); }
  Traffic traffic() const override { return inner_.traffic(); }
  bool wants_contents() const override { return inner_.wants_contents(); }
  int repeat(int count, const std::function<void(int)>& step) override { return inner_.repeat(count, step); }

 private:
  struct Receive {
    int from;
    int tag;
    Seconds ready;
  };
  Transport& inner_;
  MessageLog& log_;
  std::map<Request, Receive> receives_;
};

}  // namespace simrun
