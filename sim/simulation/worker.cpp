#include "sim/simulation/worker.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace simrun {
namespace {

Transport::Traffic operator-(const Transport::Traffic& a, const Transport::Traffic& b) {
  return {a.sent - b.sent, a.received - b.received};
}

/// Spans do not overlap, so busy times are sums.
void account(IterationRecord& record) {
  for (const Span& span : record.spans) {
    if (span.activity == Activity::compute) record.compute += span.duration;
    if (span.activity == Activity::encode) record.encode += span.duration;
    if (span.activity == Activity::decode) record.decode += span.duration;
    if (span.activity == Activity::staging) record.staging += span.duration;
  }
}

}  // namespace

Worker::Worker(Transport& transport, const IterationPlan& plan, std::span<const Round> rounds, DeviceTimes& times,
               const Staging& staging, PayloadOf payload)
    : transport_(transport),
      plan_(plan),
      rounds_(rounds),
      times_(times),
      payload_(std::move(payload)),
      device_(transport),
      staging_(staging) {}

IterationRecord Worker::iterate() {
  const Transport::Traffic before = transport_.traffic();
  memo_.begin_iteration();
  const double pace = plan_.pace.factor(transport_.rank(), iteration_++);
  device_.submit(Activity::compute, pace * plan_.forward);
  std::vector<std::size_t> encoded;
  for (const IterationPlan::Stage& stage : plan_.stages) {
    for (const Seconds backward : stage.backward) device_.submit(Activity::compute, pace * backward);
    encoded.push_back(device_.submit(Activity::encode, plan_.encode_factor * times_.of(stage.encode)));
  }
  last_encode_ = encoded.back();
  IterationRecord record;
  for (std::size_t group = 0; group < encoded.size(); ++group) {
    device_.finish(encoded[group]);
    const Seconds begin = transport_.now();
    record.result_bytes += exchange(group);
    const Seconds end = transport_.now();
    if (end > begin) record.exchanges.push_back({Activity::communication, begin, end, end - begin});
  }
  staging_.work();
  device_.submit(Activity::compute, pace * plan_.update);
  device_.finish();

  record.finish = transport_.now();
  record.traffic = transport_.traffic() - before;
  record.spans = overlaid(device_.take_spans(), staging_.take_spans());
  account(record);
  return record;
}

std::uint64_t Worker::exchange(std::size_t group) {
  std::uint64_t bytes = 0;
  for (const Round& round : rounds_) {
    std::optional<TimedAggregator> timed;
    if (round.aggregator) timed.emplace(*round.aggregator, times_, device_, staging_, memo_);
    const Payload& mine = payload_(transport_.rank(), group);
    staging_.copy_down(mine);
    const Outcome outcome = round.collective->exchange(transport_, mine, timed ? &*timed : nullptr);
    Work work{.stage = Stage::decode, .kind = mine.kind(), .index = mine.index()};
    work.elements = static_cast<double>(mine.elements());
    work.entries = static_cast<double>(outcome.entries());
    work.parts = static_cast<double>(outcome.parts.size()) + outcome.alike;
    decode({.duration = times_.of(work), .dense_bytes = 4 * mine.elements(), .result_bytes = outcome.bytes()});
    bytes += outcome.bytes();
  }
  return bytes;
}

void Worker::decode(const Decoding& decoding) {
  const bool at_once = plan_.decode == DecodeTime::as_ready;
  if (at_once || !staging_.decodes_on_host()) return staging_.decode(device_, decoding, plan_.decode);
  held_.push_back(decoding);
  if (!device_.is_done(last_encode_)) return;
  for (const Decoding& held : std::exchange(held_, {})) staging_.decode(device_, held, plan_.decode);
}

Server::Server(Transport& transport, std::size_t groups, std::span<const Round> rounds, DeviceTimes& times,
               const Staging& staging)
    : transport_(transport), groups_(groups), rounds_(rounds), times_(times), device_(transport), staging_(staging) {}

void Server::iterate() {
  begun_with_ = transport_.traffic();
  memo_.begin_iteration();
  for (std::size_t group = 0; group < groups_; ++group) {
    for (const Round& round : rounds_) {
      const TimedAggregator timed(*round.aggregator, times_, device_, staging_, memo_);
      round.collective->serve(transport_, timed);
    }
  }
  device_.take_spans();
  complete_ = transport_.traffic() - begun_with_;
}

Transport::Traffic Server::traffic() const {
  const Transport::Traffic current = transport_.traffic() - begun_with_;
  return {std::max(complete_.sent, current.sent), std::max(complete_.received, current.received)};
}

}  // namespace simrun
