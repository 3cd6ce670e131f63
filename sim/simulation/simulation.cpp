#include "sim/simulation/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/devices/quantile.hpp"
#include "sim/simulation/steady_state.hpp"

namespace simrun {
namespace {

/// SimGrid's clock knows no shorter times.
constexpr Seconds clock_grain(2e-9);

/// Iterations after which those that never settle are averaged: at most 64, fewer where an iteration of many messages
/// takes long to simulate, at least 4, or 3 of very many. Many workers vary little: 1 % from one iteration to the next
/// among 128 shuffled over a chain of switches, 0.2 % after the first among 1,024 whose payloads differ.
int most_unsettled(const Setup& setup, std::size_t messages) {
  constexpr double most_messages = 20'000;
  constexpr std::size_t very_many = 200'000;
  if (messages > very_many) return 3;
  if (setup.payload_steps > 1) return std::numeric_limits<int>::max();
  return static_cast<int>(
      std::clamp(most_messages / static_cast<double>(std::max<std::size_t>(messages, 1)), 4.0, 64.0));
}

Watch watch_of(const Setup& setup) {
  Watch watch = setup.plan.pace.jitters() ? watch_jitter(setup.workers)
                : setup.payload_steps > 1 ? watch_cycle(static_cast<int>(setup.payload_steps))
                                          : Watch{};
  // Messages over TCP depend on those before them, and the first iteration's follow none.
  watch.first_may = setup.network.model != Network::Model::ethernet_tcp && setup.plan.local.delay == 0;
  watch.twice = setup.plan.local.delay > 0;
  return watch;
}

/// `busy` with communication in the gaps of [begin, end].
std::vector<Span> fill_gaps(const std::vector<Span>& busy, Seconds begin, Seconds end) {
  std::vector<Span> all;
  Seconds at = begin;
  for (const Span& span : busy) {
    if (span.begin > at) all.push_back({Activity::communication, at, span.begin, span.begin - at});
    all.push_back(span);
    at = span.end;
  }
  if (end > at) all.push_back({Activity::communication, at, end, end - at});
  return all;
}

/// The record whose parts of an iteration are shown: of the last rank that is done, or the last of those that lead.
const IterationRecord& shown_record(const SteadyState& steady) {
  const auto& records = steady.records();
  const IterationRecord* shown = nullptr;
  for (const IterationRecord& record : records) {
    if (record.leads && (shown == nullptr || record.finish > shown->finish)) shown = &record;
  }
  return shown != nullptr ? *shown : records[static_cast<std::size_t>(steady.last_rank())];
}

Times collect(const SteadyState& steady) {
  const auto& records = steady.records();
  const IterationRecord& shown = shown_record(steady);
  Times times;
  times.iteration = steady.period();
  times.compute = shown.compute;
  times.encode = shown.encode;
  times.decode = shown.decode;
  times.staging = shown.staging;
  times.rounds = shown.rounds;
  const Seconds busy = times.compute + times.encode + times.decode + times.staging;
  times.communication = times.iteration - busy;
  if (times.communication < clock_grain) {
    // Nothing was waited for: what is left over is rounding.
    times.communication = Seconds(0);
    times.iteration = busy;
  }
  for (const IterationRecord& record : records) {
    times.result_bytes = std::max(times.result_bytes, record.result_bytes);
    times.sent_bytes = std::max(times.sent_bytes, record.traffic.sent);
    times.received_bytes = std::max(times.received_bytes, record.traffic.received);
  }
  return times;
}

void add_spans(Times& times, const SteadyState& steady, const LocalSteps& local) {
  const Seconds all_steps = static_cast<double>(local.steps) * times.iteration;
  for (const IterationRecord& record : steady.records()) {
    times.spans.push_back(fill_gaps(record.spans, record.finish - all_steps, record.finish));
    times.exchanges.push_back(record.exchanges);
  }
}

/// The time of each iteration that counts, ascending; with local steps of a step in it.
std::vector<double> durations_of_steps(const SteadyState& steady, const Setup& setup) {
  std::vector<double> all = steady.durations();
  for (double& each : all) each /= static_cast<double>(setup.plan.local.steps);
  return all;
}

/// What the busiest link takes for the bytes of an iteration, with local steps of all of them; what it has saved up at
/// rest may go faster.
Seconds time_on_the_wire(const Times& times, const Setup& setup) {
  const double bytes = static_cast<double>(std::max(times.sent_bytes, times.received_bytes)) *
                       static_cast<double>(setup.plan.local.steps);
  return Seconds(std::max(0.0, bytes - setup.network.tcp.burst.value) / setup.network.bandwidth.value);
}

/// Of the network model. Local steps wait for what of an exchange is not hidden: it takes so much longer or shorter.
Deviation network_deviation(const Times& times, const Setup& setup, const SteadyState& steady) {
  const Band band = possible(setup.network_error->band, steady.records(), time_on_the_wire(times, setup));
  const LocalSteps& local = setup.plan.local;
  if (!local.is_local()) return deviation(network_time(steady.records()), band);
  const double apart = static_cast<double>(local.steps) / static_cast<double>(local.fragments);
  const Seconds hidden = std::min(static_cast<double>(local.delay), apart) * times.compute;
  const std::vector<Seconds> exchanges = network_times_of_fragments(steady.records());
  const auto waited = [&](double factor) {
    Seconds all;
    for (const Seconds exchange : exchanges) all += std::max(Seconds(0), factor * exchange - hidden);
    return all / static_cast<double>(local.steps);
  };
  return {waited(1) - waited(band.low), waited(band.high) - waited(1)};
}

/// What is known of the iteration's time: of the device's times, of the network model and of the jitter.
Deviations deviations_of(const Times& times, const Setup& setup, const SteadyState& steady, const Band& device) {
  Deviations all;
  all.device = deviation(times.encode + times.decode, device);
  if (setup.network_error) {
    all.network = network_deviation(times, setup, steady);
    // However fast the network, what the worker does itself stays.
    all.network.shorter = std::min(all.network.shorter, times.communication);
    all.own_network = setup.network_error->own;
    all.is_known = times.sent_bytes > 0;
  }
  if (varies(setup)) {
    const std::vector<double> durations = durations_of_steps(steady, setup);
    all.jitter = {std::max(Seconds(0), times.iteration - Seconds(quantile(durations, 0.05))),
                  std::max(Seconds(0), Seconds(quantile(durations, 0.95)) - times.iteration)};
  }
  return all;
}

using OnRank = std::function<void(Transport&)>;

/// The same over a transport that notes in the log what arrives, if there is one.
OnRank noted(const OnRank& work, MessageLog* log) {
  if (log == nullptr) return work;
  return [work, log](Transport& transport) {
    LoggedTransport logged(transport, *log);
    work(logged);
  };
}

}  // namespace

void share_among_steps(Times& times, Seconds exchanging, const LocalSteps& local) {
  if (!local.is_local()) return;
  const auto steps = static_cast<double>(local.steps);
  for (Seconds* part : {&times.iteration, &times.compute, &times.encode, &times.communication, &times.decode,
                        &times.staging, &times.rounds.reduce, &times.rounds.exchange, &times.rounds.share})
    *part = *part / steps;
  if (times.interval) *times.interval = {times.interval->low / steps, times.interval->high / steps};
  for (std::uint64_t* bytes : {&times.result_bytes, &times.sent_bytes, &times.received_bytes})
    *bytes = static_cast<std::uint64_t>(std::llround(static_cast<double>(*bytes) / steps));
  times.exchange = exchanging / static_cast<double>(local.fragments);
}

bool varies(const Setup& setup) {
  return setup.plan.pace.jitters() || setup.payload_steps > 1;
}

std::optional<Seconds> pause_between_exchanges(const Setup& setup, Seconds period,
                                               const std::vector<IterationRecord>& ranks) {
  const Network& network = setup.network;
  const bool is_shaped = network.model == Network::Model::ethernet_tcp && network.tcp.burst.value > 0;
  if (setup.plan.stages.size() > 1 || setup.rounds.size() > 1 || setup.plan.local.is_local() || is_shaped)
    return std::nullopt;
  std::optional<Span> all;
  for (const IterationRecord& rank : ranks) {
    for (const Span& exchange : rank.exchanges) {
      if (!all) all = exchange;
      all->begin = std::min(all->begin, exchange.begin);
      all->end = std::max(all->end, exchange.end);
    }
  }
  return all ? period - (all->end - all->begin) : period;
}

Times simulate(const Setup& setup) {
  Cluster cluster(setup.network, setup.workers, setup.repeats);
  SteadyState steady(setup.workers, watch_of(setup));
  DeviceTimes device(*setup.profile);
  const Server* server = nullptr;
  Transport::Traffic server_traffic;

  const auto rank = [&](Transport& transport) {
    const Staging staging(transport, setup.host, setup.profile->bandwidth);
    Worker worker(transport, setup.plan, setup.rounds, setup.dense_rounds, device, staging, setup.payload);
    while (!steady.record(transport.rank(), worker.iterate())) {
      if (steady.iterations() == 1) steady.shorten(most_unsettled(setup, cluster.messages()));
    }
    if (server != nullptr) server_traffic = server->traffic();
    cluster.stop();
  };
  const auto serve = [&](Transport& transport) {
    const Staging staging(transport, std::nullopt, setup.profile->bandwidth);
    Server own(transport, setup.plan, setup.rounds, device, staging);
    server = &own;
    while (true) own.iterate();
  };
  cluster.run(noted(rank, setup.log), setup.server_host ? noted(serve, setup.log) : nullptr);

  Times times = collect(steady);
  times.sent_bytes = std::max(times.sent_bytes, server_traffic.sent);
  times.received_bytes = std::max(times.received_bytes, server_traffic.received);
  share_among_steps(times, shown_record(steady).exchanging, setup.plan.local);
  if (setup.keep_spans) add_spans(times, steady, setup.plan.local);
  times.used = device.used();
  times.pause = pause_between_exchanges(setup, times.iteration, steady.records());
  times.deviations = deviations_of(times, setup, steady, device.band());
  times.interval = interval_around(times.iteration, times.deviations);
  if (!varies(setup) && !steady.has_settled()) {
    const std::vector<double> durations = durations_of_steps(steady, setup);
    times.unsettled = {static_cast<int>(durations.size()), Seconds(durations.front()), Seconds(durations.back())};
  }
  return times;
}

}  // namespace simrun
