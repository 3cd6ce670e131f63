#include "sim/simulation/staging.hpp"

#include <algorithm>
#include <functional>

namespace simrun {

Staging::Staging(Transport& transport, const std::optional<Host>& host, BytesPerSecond device_memory)
    : host_(transport.size() > 1 ? host : std::nullopt), device_memory_(device_memory), host_device_(transport) {}

void Staging::copy(std::uint64_t bytes) {
  if (host_) host_device_.spend(Activity::staging, Seconds(static_cast<double>(bytes) / host_->bandwidth.value));
}

void Staging::copy_down(const Payload& mine, double times) {
  if (host_) copy(static_cast<std::uint64_t>(times) * (dense_crosses() ? 4 * mine.elements() : mine.size()));
}

void Staging::copy_up(const Outcome& outcome) {
  copy(outcome.bytes());
}

void Staging::combine(Device& device, Seconds duration, std::span<const Payload> parts, const Payload& result) {
  if (merges_on_host()) {
    host_device_.spend(Activity::decode, duration * (device_memory_ / host_->memory_bandwidth));
    return;
  }
  std::uint64_t arriving = 0;
  for (const Payload& part : parts.subspan(1)) arriving += part.size();
  copy(arriving);
  device.spend(Activity::decode, duration);
  copy(result.size());
}

void Staging::decode(Device& device, const Decoding& decoding, DecodeTime time) {
  const Seconds duration = decoding.duration;
  if (merges_on_host()) host_device_.spend(Activity::decode, duration * (device_memory_ / host_->memory_bandwidth));
  if (host_) copy(dense_crosses() ? decoding.dense_bytes : decoding.result_bytes);
  if (merges_on_host()) return;
  if (time == DecodeTime::as_ready) {
    device.start(Activity::decode, duration);
  } else {
    device.submit(Activity::decode, duration);
  }
}

void Staging::work() {
  if (host_) host_device_.spend(Activity::staging, host_->work);
}

namespace {

std::vector<Span> only(const std::vector<Span>& spans, const std::function<bool(Activity)>& wanted) {
  std::vector<Span> some;
  std::copy_if(spans.begin(), spans.end(), std::back_inserter(some),
               [&](const Span& span) { return wanted(span.activity); });
  return some;
}

/// The parts of `span` that lie outside `shown`, which is in order of time.
std::vector<Span> uncovered(const Span& span, const std::vector<Span>& shown) {
  std::vector<Span> parts;
  Seconds at = span.begin;
  for (const Span& above : shown) {
    if (above.end <= at) continue;
    if (above.begin >= span.end) break;
    if (above.begin > at) parts.push_back({span.activity, at, above.begin, above.begin - at});
    at = above.end;
  }
  if (at == span.begin) return {span};
  if (at < span.end) parts.push_back({span.activity, at, span.end, span.end - at});
  return parts;
}

/// Adds what of `below` lies outside `shown`.
void lay_below(std::vector<Span>& shown, const std::vector<Span>& below) {
  std::vector<Span> added;
  for (const Span& span : below) {
    for (const Span& part : uncovered(span, shown)) added.push_back(part);
  }
  std::vector<Span> all;
  std::merge(shown.begin(), shown.end(), added.begin(), added.end(), std::back_inserter(all),
             [](const Span& a, const Span& b) { return a.begin < b.begin; });
  shown = std::move(all);
}

}  // namespace

std::vector<Span> overlaid(const std::vector<Span>& device, const std::vector<Span>& host) {
  if (host.empty()) return device;
  const auto decodes = [](Activity activity) { return activity == Activity::decode; };
  const auto others = [](Activity activity) { return activity != Activity::decode; };
  std::vector<Span> shown = only(device, others);
  lay_below(shown, only(host, others));
  lay_below(shown, only(device, decodes));
  lay_below(shown, only(host, decodes));
  return shown;
}

}  // namespace simrun
