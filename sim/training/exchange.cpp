#include "sim/training/exchange.hpp"

#include <algorithm>
#include <limits>

#include "kernels/layout.hpp"
#include "kernels/merge_trail.hpp"
#include "kernels/parallel.hpp"
#include "kernels/random_ties.hpp"
#include "sim/network/memory_transport.hpp"
#include "sim/network/part_transport.hpp"
#include "sim/network/rotated_transport.hpp"
#include "sim/scenario/training.hpp"

namespace simrun {
namespace {

/// Divides each element by the number of payloads that hold it.
void divide_by_senders(const std::vector<Payload>& parts, std::span<float> sum) {
  std::vector<float> senders(sum.size(), 0.0F);
  std::vector<std::uint32_t> decoded;
  for (const Payload& part : parts) {
    for (const std::uint32_t i : view_body(part, PayloadKind::pairs, decoded).indices) ++senders[i];
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] /= std::max(senders[i], 1.0F);
}

/// Of the first of so many workers: what all groups' outcomes together have, the most of any.
double bytes_of_largest(const std::vector<std::vector<Outcome>>& outcomes, std::size_t workers) {
  double largest = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    double bytes = 0;
    for (const Outcome& outcome : outcomes[worker]) bytes += static_cast<double>(outcome.bytes());
    largest = std::max(largest, bytes);
  }
  return largest;
}

/// Makes zeros the smallest number there is, with a random sign.
void give_signs(std::span<float> values, RandomStream& random) {
  constexpr float smallest = std::numeric_limits<float>::denorm_min();
  for (float& value : values) {
    if (value == 0) value = (random() & 1U) != 0 ? smallest : -smallest;
  }
}

}  // namespace

GradientExchange::GradientExchange(const Scenario& scenario, unsigned threads)
    : scenario_(scenario),
      threads_(threads),
      hosts_(scenario.host_groups()),
      workers_(static_cast<std::size_t>(scenario.workers)),
      encoders_(static_cast<std::size_t>(hosts_.encoders())),
      groups_(*scenario.model, scenario.grouping),
      encoded_(encoded_groups(scenario)),
      primitives_(make_cpu_primitives(1)),
      rounds_(make_rounds(scenario.method, primitives_, hosts_.hierarchy)),
      sent_(scenario, encoders_),
      results_(groups_.size() * static_cast<std::size_t>(hosts_.shards())),
      agreed_(scenario.elements()) {
  first_ = sent_.first_round();
  last_ = rounds_.size() - 1 - first_;
  if (hosts_.hierarchy != Hierarchy::flat) in_hosts_.emplace(hosts_, rounds_, encoded_, threads);
  set_density(std::nullopt);
  if (scenario.method.error_feedback && rounds_[last_].codec->combining() == Combining::sum_again) {
    for (const Group& group : encoded_) {
      for (int shard = 0; shard < hosts_.shards(); ++shard) server_errors_.emplace_back(group.elements, primitives_);
    }
  }
  if (last_ > first_ && !scenario.method.error_feedback) values_.resize(encoders_ * groups_.size());
  if (!scenario.method.error_feedback) return;
  const auto weight = static_cast<float>(scenario.training->method.residual_weight);
  const auto beta = static_cast<float>(scenario.training->method.beta);
  for (std::size_t i = 0; i < encoders_ * groups_.size(); ++i)
    feedback_.emplace_back(encoded_[i % groups_.size()].elements, primitives_, weight, beta);
}

void GradientExchange::set_density(std::optional<double> density) {
  Scenario scenario = scenario_;
  if (density) scenario.method.kept = Kept::share(*density);
  density_ = scenario.method.kept ? scenario.method.kept->density(scenario.elements()) : 1;
  entries_ = encoded_entries(scenario, encoded_);
}

RoundContext GradientExchange::context_of(std::size_t encoder, std::size_t group, std::uint64_t seed) const {
  RandomStream shared(id_.seed, Randomness::shared_encoding,
                      static_cast<std::uint32_t>(shard_of(encoder) * groups_.size() + group), id_.round);
  return {.seed = seed,
          .shared_seed = shared.next64(),
          .tensors = groups_.shapes(group),
          .previous = results_[shard_of(encoder) * groups_.size() + group],
          .last_step = last_step_.empty() ? nullptr : &last_step_[group],
          .workers = static_cast<std::uint64_t>(hosts_.hosts())};
}

Payload GradientExchange::make_payload(std::span<const float> values, std::size_t group,
                                       const RoundContext& context) const {
  const bool by_tensor = scenario_.training->method.selection == MethodTraining::Selection::tensor;
  const Codec& codec = *rounds_[first_].codec;
  if (by_tensor && codec.keeps_largest()) {
    const Pairs largest = groups_.largest_of_tensors(*primitives_, density_, values, group);
    return codec.encode_largest({largest.indices, largest.values}, values.size());
  }
  return codec.encode(values, entries_[group], context);
}

void GradientExchange::encode(std::size_t worker, std::span<const float> gradient) {
  std::vector<float> copy;
  const auto values_of = [&](std::size_t group) { return groups_.values_of(gradient, group, copy); };
  if (!in_hosts_) return encode_groups(worker, values_of);
  for (std::size_t group = 0; group < groups_.size(); ++group) in_hosts_->give(worker, group, values_of(group));
}

/// Each host's mean, encoded by whom it is for.
void GradientExchange::encode_means() {
  in_hosts_->add_up();
  parallel_for(encoders_, threads_, [&](std::size_t encoder) {
    std::vector<float> buffer;
    encode_groups(encoder, [&](std::size_t group) { return in_hosts_->mean(worker_of(encoder), group, buffer); });
  });
}

void GradientExchange::encode_groups(std::size_t encoder, const ValuesOf& values_of) {
  RandomStream lots = lots_of_zeros(encoder);
  RandomStream seeds(id_.seed, Randomness::encoding, static_cast<std::uint32_t>(encoder), id_.round);
  std::vector<float> with_signs;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::size_t number = encoder * groups_.size() + group;
    std::span<const float> values = values_of(group);
    if (resets()) feedback_[number].clear();
    if (!feedback_.empty()) values = feedback_[number].correct(values);
    if (has_random_zeros()) {
      with_signs.assign(values.begin(), values.end());
      give_signs(with_signs, lots);
      values = with_signs;
    }
    sent_.set(encoder, group, make_payload(values, group, context_of(encoder, group, seeds.next64())), first_);
    if (!values_.empty()) values_[number].assign(values.begin(), values.end());
  }
}

std::vector<float> GradientExchange::corrected(std::size_t worker, std::span<const float> gradient) const {
  std::vector<float> all(gradient.size());
  std::vector<float> copy;
  RandomStream lots = lots_of_zeros(worker);
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::span<const float> values = feedback_.empty() ? groups_.values_of(gradient, group, copy)
                                                            : feedback_[worker * groups_.size() + group].residual();
    std::vector<float> corrected(values.begin(), values.end());
    if (has_random_zeros()) give_signs(corrected, lots);
    groups_.put_values(corrected, group, all);
  }
  return all;
}

RandomStream GradientExchange::lots_of_zeros(std::size_t encoder) const {
  return {id_.seed, Randomness::zeros, static_cast<std::uint32_t>(encoder), id_.round};
}

std::shared_ptr<const Aggregator> GradientExchange::aggregator_of_round(const Round& round) const {
  const bool exact = scenario_.training->method.residual_rule == MethodTraining::ResidualRule::exact;
  if (exact && round.codec->combining() == Combining::merge) return std::make_shared<MergeTrail>(round.aggregator);
  return round.aggregator;
}

/// Whoever counts votes casts the lots, from a sequence of its own.
std::shared_ptr<const Aggregator> GradientExchange::aggregator_of(
    const Transport& transport, const std::shared_ptr<const Aggregator>& shared) const {
  if (scenario_.training->method.ties == MethodTraining::Signless::positive) return shared;
  return std::make_shared<RandomTies>(
      shared, RandomStream(id_.seed, Randomness::ties, static_cast<std::uint32_t>(transport.rank()), id_.round));
}

std::span<const float> GradientExchange::exchange() {
  std::shared_ptr<const Aggregator> aggregator;
  Outcomes outcomes;
  result_bytes_ = 0;
  if (in_hosts_) encode_means();
  for (std::size_t round = first_; round <= last_; ++round) {
    if (round > first_) encode_again(round);
    aggregator = aggregator_of_round(rounds_[round]);
    outcomes = run_collective(round, aggregator);
    result_bytes_ += bytes_of_largest(outcomes, static_cast<std::size_t>(hosts_.shards()));
    if (round == last_) break;
    // All workers have the same, those of one shard at least.
    for (std::size_t i = 0; i < results_.size(); ++i)
      results_[i].push_back(outcomes[i / groups_.size()][i % groups_.size()].parts.front());
  }
  settle(aggregator.get(), outcomes);
  agree(outcomes);
  peeled_ = peeled_entries(outcomes.front(), *primitives_);
  if (continues()) {
    last_step_.clear();
    for (const Outcome& outcome : outcomes.front()) last_step_.push_back(outcome.parts.front());
  }
  for (auto& results : results_) results.clear();
  return agreed_;
}

void GradientExchange::agree(const Outcomes& outcomes) {
  const auto decoded_by = [&](std::size_t worker, std::size_t group) {
    return decoded(outcomes[worker][group], worker, group);
  };
  auto shared = in_hosts_ ? in_hosts_->share(decoded_by) : std::vector<std::vector<float>>();
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::vector<float> values = in_hosts_ ? std::move(shared[group]) : decoded_by(0, group);
    groups_.put_values(values, group, agreed_);
  }
}

/// What was corrected is what is encoded, until it is settled.
void GradientExchange::encode_again(std::size_t round) {
  parallel_for(encoders_ * groups_.size(), threads_, [&](std::size_t i) {
    const std::size_t encoder = i / groups_.size();
    const std::size_t group = i % groups_.size();
    const auto step = static_cast<std::uint32_t>(id_.round * (last_ - first_ + 1) + round - first_);
    RandomStream seeds(id_.seed, Randomness::later_encoding, static_cast<std::uint32_t>(i), step);
    const std::span<const float> values =
        feedback_.empty() ? std::span<const float>(values_[i]) : feedback_[i].residual();
    const RoundContext context = context_of(encoder, group, seeds.next64());
    sent_.set(encoder, group, rounds_[round].codec->encode(values, entries_[group], context), round);
  });
}

GradientExchange::Outcomes GradientExchange::run_collective(std::size_t number,
                                                            const std::shared_ptr<const Aggregator>& aggregator) {
  const Round& round = rounds_[number];
  Outcomes outcomes(workers_);
  const auto rank = [&](Transport& transport) {
    const int worker = transport.rank();
    if (!hosts_.encodes(worker)) return;
    const auto own = aggregator_of(transport, aggregator);
    PartTransport across(transport, hosts_.across_hosts(worker), false);
    RotatedTransport led(across, leader_of(id_.round, across.size()));
    Transport& used = round.is_led() ? static_cast<Transport&>(led) : across;
    const auto place = static_cast<std::size_t>(worker % hosts_.shards());
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      const auto of_group = server_errors_.empty() ? own : server_sum(group, place, 1);
      outcomes[static_cast<std::size_t>(worker)].push_back(
          round.collective->exchange(used, sent_.at(static_cast<std::size_t>(worker), group, number), of_group.get()));
    }
  };
  const auto serve = [&](Transport& transport) {
    const auto own = aggregator_of(transport, aggregator);
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      const auto of_group =
          server_errors_.empty() ? own : server_sum(group, 0, static_cast<std::size_t>(hosts_.shards()));
      serve_hosts(hosts_, *round.collective, transport, *of_group);
    }
  };
  const bool server = scenario_.has_server_host() && !round.is_led();
  run_in_memory(scenario_.workers, rank, server ? std::function<void(Transport&)>(serve) : nullptr);
  return outcomes;
}

void GradientExchange::settle(const Aggregator* aggregator, const Outcomes& outcomes) {
  parallel_for(feedback_.size(), threads_, [&](std::size_t i) {
    const std::size_t encoder = i / groups_.size();
    const std::size_t group = i % groups_.size();
    const Payload& sent = sent_.at(worker_of(encoder), group, last_);
    const Outcome& outcome = outcomes[worker_of(encoder)][group];
    feedback_[i].settle(*rounds_[last_].codec,
                        aggregator != nullptr ? aggregator->accepted(sent, outcome.parts.front()) : sent,
                        context_of(encoder, group), outcome.cut_off);
  });
}

void GradientExchange::zero_sent(std::size_t worker, std::span<float> values) const {
  const auto shards = static_cast<std::size_t>(hosts_.shards());
  const std::size_t first = worker / static_cast<std::size_t>(hosts_.gpus) * shards;  // of the host's encoders
  std::vector<float> buffer;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::span<const float> before = groups_.values_of(values, group, buffer);
    std::vector<float> after(before.begin(), before.end());
    const std::size_t part = encoded_[group].elements;
    after.resize(shards * part);  // the last part is filled up
    for (std::size_t shard = 0; shard < shards; ++shard)
      rounds_[last_].codec->zero_sent(sent_.at(worker_of(first + shard), group, last_),
                                      std::span(after).subspan(shard * part, part), context_of(first + shard, group));
    groups_.put_values(after, group, values);
  }
}

std::vector<float> GradientExchange::decoded(const Outcome& outcome, std::size_t encoder, std::size_t group) const {
  const Codec& codec = *rounds_[last_].codec;
  const bool vote = codec.combining() == Combining::vote;
  const bool by_senders = scenario_.training->method.divide_by == MethodTraining::DivideBy::senders;
  const float weight = vote || by_senders ? 1.0F : 1.0F / static_cast<float>(hosts_.hosts());
  std::vector<float> values(encoded_[group].elements, 0.0F);
  for (const Payload& part : outcome.parts) codec.decode(part, weight, values, context_of(encoder, group));
  if (by_senders) divide_by_senders(outcome.parts, values);
  return values;
}

}  // namespace simrun
