#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "sim/methods/method.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// What the GPUs of each host do together in a step, with a hierarchy: they add up their gradients before what one of
/// each host exchanges with the others, and share what was decoded after it. All of it is dense and goes through
/// memory.
class HostExchange {
 public:
  /// `rounds`: those of a method with this hierarchy, the first and last of which are done here. `groups`: as far as a
  /// worker encodes them.
  HostExchange(const HostGroups& hosts, std::span<const Round> rounds, std::span<const Group> groups, unsigned threads);

  /// Takes the worker's gradient of a whole group. Calls for different workers may be made at the same time. Throws
  /// NonFiniteError.
  void give(std::size_t worker, std::size_t group, std::span<const float> gradient);

  /// Adds up what the workers of each host gave.
  void add_up();

  /// The mean of that, or what a worker that encodes gets of it; valid as long as `buffer`, which holds it.
  std::span<const float> mean(std::size_t worker, std::size_t group, std::vector<float>& buffer) const;

  /// What a worker that encodes has decoded of a group. Called for several at the same time.
  using Decoded = std::function<std::vector<float>(std::size_t worker, std::size_t group)>;

  /// Gives that to all. Returns what each has then, by group; parts of hosts' GPUs together may be a little longer than
  /// the group.
  std::vector<std::vector<float>> share(const Decoded& decoded);

 private:
  using Outcomes = std::vector<std::vector<Outcome>>;

  Outcomes run(const Round& round) const;

  HostGroups hosts_;
  Round reduce_;
  Round share_;
  std::vector<std::size_t> elements_;  ///< by group
  unsigned threads_;
  std::vector<Payload> payloads_;  ///< by worker and group
  Outcomes sums_;                  ///< likewise
};

}  // namespace simrun
