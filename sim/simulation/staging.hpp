#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/collectives/collective.hpp"
#include "sim/devices/host.hpp"
#include "sim/simulation/device.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// What is left to do with what an exchange gave.
struct Decoding {
  Seconds duration;  ///< on the device
  std::uint64_t dense_bytes = 0;
  std::uint64_t result_bytes = 0;
};

/// What a rank's host does beside its device: copies between the two, merges that run there, and fixed work. Without a
/// host, merges run on the device and the rest takes no time; so it is with one worker, which exchanges nothing.
///
/// The host does one thing at a time, in the order in which it is asked, while the rank waits.
class Staging {
 public:
  /// `device_memory` is the bandwidth of the device that the profile's times are of.
  Staging(Transport& transport, const std::optional<Host>& host, BytesPerSecond device_memory);

  /// Before an exchange: copies to the host what crosses, of so many payloads of one size.
  void copy_down(const Payload& mine, double times = 1);

  /// Between two rounds: copies to the device what the first gave.
  void copy_up(const Outcome& outcome);

  /// Combines `parts` to `result`, which takes the device `duration`. On the device, all but the first part, which lies
  /// there, are copied to it, and the result is copied back.
  void combine(Device& device, Seconds duration, std::span<const Payload> parts, const Payload& result);

  /// After an exchange: decodes, and copies to the device what crosses. The host does both at once. The device decodes
  /// between two pieces of its stream, or after all of it.
  void decode(Device& device, const Decoding& decoding, DecodeTime time);

  /// True if decoding is the host's work.
  bool decodes_on_host() const { return merges_on_host(); }

  /// The host's fixed work of an iteration.
  void work();

  /// What the host did.
  Device& host() { return host_device_; }

  /// What the host did since the last call, in order of time.
  std::vector<Span> take_spans() { return host_device_.take_spans(); }

 private:
  void copy(std::uint64_t bytes);
  bool dense_crosses() const { return host_->crosses == Host::Crosses::dense; }
  bool merges_on_host() const { return host_ && host_->merges == Host::Merges::host; }

  std::optional<Host> host_;
  BytesPerSecond device_memory_;
  Device host_device_;
};

/// The spans of a device and of its host as one: where both are at work, an instant counts once, as computing,
/// encoding, staging or decoding, the first of these that applies. Each argument is in order of time and does one thing
/// at a time.
std::vector<Span> overlaid(const std::vector<Span>& device, const std::vector<Span>& host);

}  // namespace simrun
