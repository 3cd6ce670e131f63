#include "sim/training/host_exchange.hpp"

#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"
#include "sim/network/memory_transport.hpp"
#include "sim/network/part_transport.hpp"

namespace simrun {

HostExchange::HostExchange(const HostGroups& hosts, std::span<const Round> rounds, std::span<const Group> groups,
                           unsigned threads)
    : hosts_(hosts), reduce_(rounds.front()), share_(rounds.back()), threads_(threads) {
  for (const Group& group : groups) elements_.push_back(group.elements);
  payloads_.resize(static_cast<std::size_t>(hosts.workers) * groups.size());
}

void HostExchange::give(std::size_t worker, std::size_t group, std::span<const float> gradient) {
  payloads_[worker * elements_.size() + group] = reduce_.codec->encode(gradient, gradient.size(), {});
}

void HostExchange::add_up() {
  sums_ = run(reduce_);
}

std::span<const float> HostExchange::mean(std::size_t worker, std::size_t group, std::vector<float>& buffer) const {
  buffer.assign(elements_[group], 0.0F);
  reduce_.codec->decode(sums_[worker][group].parts.front(), 1.0F / static_cast<float>(hosts_.gpus), buffer, {});
  return buffer;
}

std::vector<std::vector<float>> HostExchange::share(const Decoded& decoded) {
  parallel_for(payloads_.size(), threads_, [&](std::size_t i) {
    const std::size_t worker = i / elements_.size();
    const std::size_t group = i % elements_.size();
    const bool has_some = hosts_.encodes(static_cast<int>(worker));
    const std::vector<float> values = has_some ? decoded(worker, group) : std::vector<float>(elements_[group], 0.0F);
    payloads_[i] = share_.codec->encode(values, values.size(), {});
  });
  const Outcomes outcomes = run(share_);
  std::vector<std::vector<float>> all;
  for (std::size_t group = 0; group < elements_.size(); ++group) {
    const std::vector<Payload>& parts = outcomes.front()[group].parts;
    all.emplace_back(parts.size() * elements_[group], 0.0F);
    share_.codec->decode(join(parts), 1.0F, all.back(), {});
  }
  return all;
}

HostExchange::Outcomes HostExchange::run(const Round& round) const {
  Outcomes outcomes(static_cast<std::size_t>(hosts_.workers));
  run_in_memory(hosts_.workers, [&](Transport& transport) {
    const auto worker = static_cast<std::size_t>(transport.rank());
    PartTransport host(transport, hosts_.in_host(transport.rank()), false);
    for (std::size_t group = 0; group < elements_.size(); ++group)
      outcomes[worker].push_back(
          round.collective->exchange(host, payloads_[worker * elements_.size() + group], round.aggregator.get()));
  });
  return outcomes;
}

}  // namespace simrun
