#include "sim/simulation/interval.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {
namespace {

Seconds overlap(const Span& a, const Span& b) {
  return std::max(Seconds(0), std::min(a.end, b.end) - std::max(a.begin, b.begin));
}

Seconds network_time_of(const IterationRecord& record) {
  Seconds time;
  const Span* next = nullptr;
  for (auto exchange = record.exchanges.rbegin(); exchange != record.exchanges.rend(); ++exchange) {
    // Before a gap the network waited for the device.
    if (next != nullptr && exchange->end < next->begin) break;
    time += on_the_network(*exchange, record.spans);
    next = &*exchange;
  }
  return time;
}

Seconds time_of_exchanges(const IterationRecord& record) {
  Seconds time;
  for (const Span& exchange : record.exchanges) time += on_the_network(exchange, record.spans);
  return time;
}

Deviation operator*(double factor, const Deviation& deviation) {
  return {factor * deviation.shorter, factor * deviation.longer};
}

/// What one reason makes of a difference, if it makes both shorter or both longer.
Deviation of_the_same(const Deviation& a, const Deviation& b) {
  const Seconds if_shorter = b.shorter - a.shorter;
  const Seconds if_longer = a.longer - b.longer;
  return {std::max({Seconds(0), -1 * if_shorter, -1 * if_longer}), std::max({Seconds(0), if_shorter, if_longer})};
}

}  // namespace

Deviation deviation(Seconds part, const Band& band) {
  return {(1 - band.low) * part, (band.high - 1) * part};
}

std::optional<Interval> interval_around(Seconds time, const Deviations& deviations) {
  const auto& [device, network, own_network, jitter, is_known] = deviations;
  const double shorter = std::hypot(device.shorter.value, network.shorter.value, jitter.shorter.value);
  const double longer = std::hypot(device.longer.value, network.longer.value, jitter.longer.value);
  if (shorter == 0 && longer == 0 && !is_known) return std::nullopt;
  return Interval{time - Seconds(shorter), time + Seconds(longer)};
}

Interval difference(Seconds a, const Deviations& of_a, Seconds b, const Deviations& of_b) {
  const double own = std::max(of_a.own_network, of_b.own_network);
  const double common = std::sqrt(1 - own * own);
  std::vector<Deviation> parts = {of_the_same(of_a.device, of_b.device),
                                  common * of_the_same(of_a.network, of_b.network)};
  for (const Deviation& each : {own * of_a.network, of_a.jitter}) parts.push_back(each);
  for (const Deviation& each : {own * of_b.network, of_b.jitter}) parts.push_back({each.longer, each.shorter});
  double shorter = 0;
  double longer = 0;
  for (const Deviation& each : parts) {
    shorter = std::hypot(shorter, each.shorter.value);
    longer = std::hypot(longer, each.longer.value);
  }
  return {a - b - Seconds(shorter), a - b + Seconds(longer)};
}

Seconds on_the_network(const Span& exchange, const std::vector<Span>& work) {
  // What its own later rounds wait for is left out already.
  Seconds time = exchange.duration;
  for (const Span& span : work) {
    if (span.activity == Activity::decode || span.activity == Activity::staging) time = time - overlap(span, exchange);
  }
  return time;
}

Seconds network_time(std::span<const IterationRecord> records) {
  Seconds least = network_time_of(records.front());
  for (const IterationRecord& record : records.subspan(1)) least = std::min(least, network_time_of(record));
  return least;
}

Band possible(const Band& band, std::span<const IterationRecord> records, Seconds wire) {
  Seconds most;
  for (const IterationRecord& record : records) most = std::max(most, time_of_exchanges(record));
  if (most.value == 0) return band;
  return {std::max(band.low, std::min(1.0, wire / most)), band.high};
}

std::vector<Seconds> network_times_of_fragments(std::span<const IterationRecord> records) {
  const IterationRecord& least = *std::ranges::min_element(records, {}, time_of_exchanges);
  std::vector<Seconds> times;
  std::size_t begin = 0;
  for (const std::size_t end : least.fragment_ends) {
    Seconds time;
    for (; begin < end; ++begin) time += on_the_network(least.exchanges[begin], least.spans);
    times.push_back(time);
  }
  return times;
}

}  // namespace simrun
