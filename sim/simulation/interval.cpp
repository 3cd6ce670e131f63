#include "sim/simulation/interval.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {
namespace {

Seconds overlap(const Span& a, const Span& b) {
  return std::max(Seconds(0), std::min(a.end, b.end) - std::max(a.begin, b.begin));
}

/// An exchange without the work that it holds up for: that of its own later rounds is left out already.
Seconds on_the_network(const Span& exchange, const std::vector<Span>& work) {
  Seconds time = exchange.duration;
  for (const Span& span : work) {
    if (span.activity == Activity::decode || span.activity == Activity::staging) time = time - overlap(span, exchange);
  }
  return time;
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

}  // namespace

Deviation deviation(Seconds part, const Band& band) {
  return {(1 - band.low) * part, (band.high - 1) * part};
}

std::optional<Interval> interval_around(Seconds time, std::span<const Deviation> deviations) {
  double shorter = 0;
  double longer = 0;
  for (const Deviation& each : deviations) {
    shorter = std::hypot(shorter, each.shorter.value);
    longer = std::hypot(longer, each.longer.value);
  }
  if (shorter == 0 && longer == 0) return std::nullopt;
  return Interval{time - Seconds(shorter), time + Seconds(longer)};
}

Seconds network_time(std::span<const IterationRecord> records) {
  Seconds least = network_time_of(records.front());
  for (const IterationRecord& record : records.subspan(1)) least = std::min(least, network_time_of(record));
  return least;
}

}  // namespace simrun
