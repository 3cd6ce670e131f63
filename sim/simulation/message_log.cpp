#include "sim/simulation/message_log.hpp"

#include <stdexcept>

namespace simrun {

Seconds MessageLog::take_sent(const Route& route) {
  const auto found = begun_.find(route);
  if (found == begun_.end() || found->second.empty()) throw std::logic_error("a message arrives that nobody sent");
  const Seconds at = found->second.front();
  found->second.pop_front();
  return at;
}

Request LoggedTransport::start_send(int to, Message message, int tag) {
  log_.sent({rank(), to, tag}, now());
  return inner_.start_send(to, std::move(message), tag);
}

Request LoggedTransport::start_receive(int from, int tag) {
  const Request request = inner_.start_receive(from, tag);
  receives_[request] = {from, tag, now()};
  return request;
}

Message LoggedTransport::wait(Request request) {
  const Seconds awaited = now();
  Message message = inner_.wait(request);
  const auto found = receives_.find(request);
  if (found == receives_.end()) {
    if (now() > awaited) log_.add(SendWait{rank(), awaited, now()});
    return message;
  }
  const Receive receive = found->second;
  receives_.erase(found);
  log_.add(Delivery{.from = receive.from,
                    .to = rank(),
                    .bytes = size_of(message),
                    .sent = log_.take_sent({receive.from, rank(), receive.tag}),
                    .ready = receive.ready,
                    .awaited = awaited,
                    .done = now()});
  return message;
}

}  // namespace simrun
