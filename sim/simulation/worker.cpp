#include "sim/simulation/worker.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/collectives/graph.hpp"
#include "sim/network/part_transport.hpp"
#include "sim/network/rotated_transport.hpp"
#include "sim/simulation/metadata.hpp"
#include "sim/simulation/working_transport.hpp"

namespace simrun {
namespace {

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

Worker::Worker(Transport& transport, const IterationPlan& plan, std::span<const Round> rounds,
               std::span<const Round> dense_rounds, DeviceTimes& times, const Staging& staging, PayloadOf payload)
    : transport_(transport),
      plan_(plan),
      rounds_(rounds),
      dense_rounds_(dense_rounds),
      times_(times),
      payload_(std::move(payload)),
      device_(transport),
      staging_(staging) {
  if (plan_.local.with_neighbours) payloads_at_once_ = degree_of(plan_.graph, transport.rank(), plan_.hosts.workers);
}

IterationRecord Worker::iterate() {
  const Transport::Traffic before = transport_.traffic();
  memo_.begin_iteration();
  IterationRecord record;
  record.leads = is_shown();
  plan_.local.is_local() ? exchange_fragments(record) : exchange_gradient(record);
  ++iteration_;

  record.finish = transport_.now();
  record.traffic = transport_.traffic() - before;
  record.spans = overlaid(device_.take_spans(), staging_.take_spans());
  account(record);
  return record;
}

void Worker::exchange_gradient(IterationRecord& record) {
  const double pace = plan_.pace.factor(transport_.rank(), iteration_);
  device_.submit(Activity::compute, pace * plan_.forward);
  std::vector<std::size_t> encoded;
  for (std::size_t group = 0; group < plan_.stages.size(); ++group) {
    for (const Seconds backward : plan_.stages[group].backward) device_.submit(Activity::compute, pace * backward);
    encoded.push_back(device_.submit(Activity::encode, encode_time(group, 0, iteration_)));
  }
  last_encode_ = encoded.back();
  for (std::size_t group = 0; group < encoded.size(); ++group) {
    device_.finish(encoded[group]);
    const Span exchange = exchange_group(group, record);
    if (exchange.end > exchange.begin) record.exchanges.push_back(exchange);
  }
  share_decoded(record);
  staging_.work();
  device_.submit(Activity::compute, pace * plan_.update);
  device_.finish();
}

bool Worker::leads(std::uint64_t iteration) const {
  return leader_of(iteration, plan_.hosts.hosts()) == transport_.rank() / plan_.hosts.gpus;
}

bool Worker::is_shown() const {
  const bool has_leader = std::ranges::any_of(rounds_, &Round::is_led);
  if (plan_.hosts.hierarchy != Hierarchy::leader) return has_leader && leads(iteration_);
  return encodes() && (!has_leader || leads(iteration_));
}

Seconds Worker::encode_time(std::size_t group, std::size_t round, std::uint64_t iteration) {
  const Round& of_group = rounds_of(group)[round];
  if (of_group.part != Round::Part::exchange) return Seconds(0);
  Work work = plan_.stages[group].encode[round];
  if (of_group.is_led()) work.leads = leads(iteration);
  work.parts = payloads_at_once_;
  return plan_.encode_factor * times_.of(work);
}

Span Worker::exchange_group(std::size_t group, IterationRecord& record) {
  const Seconds begin = transport_.now();
  Seconds working;
  Outcome outcome;
  const std::span<const Round> rounds = rounds_of(group);
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    const bool is_own = rounds[round].part == Round::Part::exchange;
    if (rounds[round].part == Round::Part::share || (is_own && !encodes())) continue;
    if (plan_.stages[group].empty_rounds.contains(round)) continue;
    if (round > 0) {
      staging_.copy_up(outcome);
      working += encode_between(group, round, record);
    }
    if (is_own && group + 1 == plan_.stages.size()) submit_decodings();
    outcome = run_round(group, round, record);
    if (is_own) record.result_bytes += outcome.bytes();
  }
  working += share_last(record);
  Work work = plan_.stages[group].decode;
  work.entries = static_cast<double>(outcome.entries());
  work.parts = static_cast<double>(outcome.parts.size()) + outcome.alike;
  const Decoding decoding{.duration = encodes() ? times_.of(work) : Seconds(0),
                          .dense_bytes = static_cast<std::uint64_t>(4 * work.elements),
                          .result_bytes = outcome.bytes()};
  if (is_flat()) {
    decode(decoding);
  } else if (plan_.decode == DecodeTime::after_backward) {
    to_decode_.push_back(decoding.duration);
  } else {
    to_share_ = ToShare{group, device_.start(Activity::decode, decoding.duration)};
  }
  const Seconds end = transport_.now();
  return {Activity::communication, begin, end, end - begin - working};
}

/// Returns how long that was waited for.
Seconds Worker::wait_until(Seconds time) {
  const Seconds begin = transport_.now();
  transport_.wait_until(time);
  return transport_.now() - begin;
}

/// Encodes between two rounds, and shares meanwhile what is not shared yet of the group before. Returns how long only
/// the device was waited for.
Seconds Worker::encode_between(std::size_t group, std::size_t round, IterationRecord& record) {
  const Seconds encoded = device_.start(Activity::encode, encode_time(group, round, iteration_));
  const Seconds waited = share_last(record);
  return waited + wait_until(encoded);
}

/// Shares what was decoded last, if that is still to be done. Returns how long its decoding was waited for.
Seconds Worker::share_last(IterationRecord& record) {
  if (!to_share_) return Seconds(0);
  const auto [group, decoded] = *std::exchange(to_share_, std::nullopt);
  const Seconds waited = wait_until(decoded);
  run_round(group, rounds_of(group).size() - 1, record);
  return waited;
}

/// When all is encoded, but for later rounds of the last group.
void Worker::submit_decodings() {
  for (const Seconds duration : std::exchange(to_decode_, {}))
    decoded_.push_back(device_.submit(Activity::decode, duration));
}

/// What is not shared yet when all is exchanged.
void Worker::share_decoded(IterationRecord& record) {
  submit_decodings();
  const auto share = [&](const auto& run) {
    const Seconds begin = transport_.now();
    run();
    const Seconds end = transport_.now();
    if (end > begin) record.exchanges.push_back({Activity::communication, begin, end, end - begin});
  };
  for (std::size_t group = 0; group < decoded_.size(); ++group) {
    device_.finish(decoded_[group]);
    share([&] { run_round(group, rounds_of(group).size() - 1, record); });
  }
  decoded_.clear();
  if (!to_share_) return;
  transport_.wait_until(to_share_->decoded);
  share([&] { share_last(record); });
}

Outcome Worker::run_round(std::size_t group, std::size_t number, IterationRecord& record) {
  const Seconds begin = transport_.now();
  Outcome outcome = exchange_round(group, number);
  const Seconds taken = transport_.now() - begin;
  switch (rounds_of(group)[number].part) {
    case Round::Part::reduce:
      record.rounds.reduce += taken;
      break;
    case Round::Part::exchange:
      record.rounds.exchange += taken;
      break;
    case Round::Part::share:
      record.rounds.share += taken;
      break;
  }
  return outcome;
}

Outcome Worker::exchange_round(std::size_t group, std::size_t number) {
  const Round& round = rounds_of(group)[number];
  const HostGroups& hosts = plan_.hosts;
  std::optional<TimedAggregator> timed;
  if (round.aggregator) timed.emplace(round, times_, device_, staging_, memo_, plan_.stages[group].combined);
  const Payload& mine = payload_(transport_.rank(), group, number, iteration_);
  WorkingTransport working(transport_, device_, staging_);
  if (round.part != Round::Part::exchange) {
    PartTransport host(working, hosts.in_host(transport_.rank()), true);
    return round.collective->exchange(host, mine, timed ? &*timed : nullptr);
  }
  PartTransport across(working, hosts.across_hosts(transport_.rank()), hosts.hierarchy != Hierarchy::leader);
  if (!round.is_led()) {
    staging_.copy_down(mine, payloads_at_once_);
    if (plan_.metadata_apart && round.codec->combining() == Combining::gather)
      return gather_in_two(across, round, mine);
    return round.collective->exchange(across, mine, timed ? &*timed : nullptr);
  }
  if (leads(iteration_)) staging_.copy_down(mine);
  RotatedTransport rotated(across, leader_of(iteration_, across.size()));
  return round.collective->exchange(rotated, mine, nullptr);
}

Outcome Worker::gather_in_two(Transport& transport, const Round& round, const Payload& mine) {
  const std::uint64_t metadata = metadata_bytes(mine);
  if (metadata == 0) return round.collective->exchange(transport, mine, nullptr);
  Outcome outcome = round.collective->exchange(transport, part_of(mine, mine.size() - metadata), nullptr);
  outcome.apart = round.collective->exchange(transport, part_of(mine, metadata), nullptr).bytes();
  return outcome;
}

void Worker::decode(const Decoding& decoding) {
  const bool at_once = plan_.decode == DecodeTime::as_ready;
  if (at_once || !staging_.decodes_on_host()) return staging_.decode(device_, decoding, plan_.decode);
  held_.push_back(decoding);
  if (!device_.is_done(last_encode_)) return;
  for (const Decoding& held : std::exchange(held_, {})) staging_.decode(device_, held, plan_.decode);
}

Server::Server(Transport& transport, const IterationPlan& plan, std::span<const Round> rounds, DeviceTimes& times,
               const Staging& staging)
    : transport_(transport), plan_(plan), rounds_(rounds), times_(times), device_(transport), staging_(staging) {}

void Server::iterate() {
  begun_with_ = transport_.traffic();
  memo_.begin_iteration();
  for (const IterationPlan::Stage& stage : plan_.stages) {
    if (stage.is_dense) continue;
    for (std::size_t i = 0; i < rounds_.size(); ++i) {
      const Round& round = rounds_[i];
      if (round.is_led() || round.part != Round::Part::exchange || stage.empty_rounds.contains(i)) continue;
      const TimedAggregator timed(round, times_, device_, staging_, memo_, stage.combined);
      serve_hosts(plan_.hosts, *round.collective, transport_, timed);
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
