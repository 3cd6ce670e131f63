#include "sim/training/exchange.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/layout.hpp"
#include "kernels/merge_trail.hpp"
#include "kernels/parallel.hpp"
#include "kernels/random_ties.hpp"
#include "sim/network/memory_transport.hpp"
#include "sim/network/rotated_transport.hpp"
#include "sim/scenario/training.hpp"

namespace simrun {
namespace {

/// Divides each element by the number of payloads that hold it.
void divide_by_senders(const std::vector<Payload>& parts, std::span<float> sum) {
  std::vector<float> senders(sum.size(), 0.0F);
  std::vector<std::uint32_t> decoded;
  for (const Payload& part : parts) {
    for (const std::uint32_t i : view_pairs(part, decoded).indices) ++senders[i];
  }
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] /= std::max(senders[i], 1.0F);
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
      workers_(static_cast<std::size_t>(scenario.workers)),
      groups_(make_schedule(*scenario.model, scenario.grouping)),
      primitives_(make_cpu_primitives(1)),
      rounds_(make_rounds(scenario.method, primitives_)),
      sent_(scenario, workers_),
      results_(groups_.size()),
      agreed_(scenario.elements()) {
  set_density(std::nullopt);
  for (const Group& group : groups_) shapes_.push_back(shapes_of(*scenario.model, group));
  if (rounds_.size() > 1 && !scenario.method.error_feedback) values_.resize(workers_ * groups_.size());
  if (!scenario.method.error_feedback) return;
  const auto weight = static_cast<float>(scenario.training->method.residual_weight);
  const auto beta = static_cast<float>(scenario.training->method.beta);
  for (std::size_t i = 0; i < workers_ * groups_.size(); ++i)
    feedback_.emplace_back(groups_[i % groups_.size()].elements, primitives_, weight, beta);
}

void GradientExchange::set_density(std::optional<double> density) {
  MethodChoice choice = scenario_.method;
  if (density) choice.kept = Kept::share(*density);
  density_ = choice.kept ? choice.kept->density(scenario_.elements()) : 1;
  entries_ = share_entries(groups_, choice.entries(scenario_.elements()));
}

std::span<const float> GradientExchange::values_of(std::span<const float> gradient, std::size_t group,
                                                   std::vector<float>& copy) const {
  if (groups_.size() == 1) return gradient;
  copy.clear();
  for (const std::size_t tensor : groups_[group].tensors) {
    const auto values = gradient.subspan(scenario_.model->offset(tensor), scenario_.model->tensors[tensor].elements());
    copy.insert(copy.end(), values.begin(), values.end());
  }
  return copy;
}

/// The inverse of values_of.
void GradientExchange::put_values(std::span<const float> values, std::size_t group, std::span<float> all) const {
  for (const std::size_t tensor : groups_[group].tensors) {
    const std::size_t elements = scenario_.model->tensors[tensor].elements();
    const auto to = all.subspan(scenario_.model->offset(tensor), elements);
    std::copy_n(values.begin(), elements, to.begin());
    values = values.subspan(elements);
  }
}

Pairs GradientExchange::select_by_tensor(std::span<const float> values, std::size_t group) const {
  Pairs all;
  std::size_t offset = 0;
  for (const std::size_t tensor : groups_[group].tensors) {
    const std::size_t elements = scenario_.model->tensors[tensor].elements();
    const auto kept = static_cast<std::size_t>(std::ceil(density_ * static_cast<double>(elements)));
    const Pairs largest = primitives_->select_largest(values.subspan(offset, elements), kept);
    for (const std::uint32_t i : largest.indices) all.indices.push_back(static_cast<std::uint32_t>(offset + i));
    all.values.insert(all.values.end(), largest.values.begin(), largest.values.end());
    offset += elements;
  }
  return all;
}

RoundContext GradientExchange::context_of(std::size_t group, std::uint64_t seed) const {
  RandomStream shared(id_.seed, Randomness::shared_encoding, static_cast<std::uint32_t>(group), id_.round);
  const std::uint64_t high = std::uint64_t{shared()} << 32U;
  return {.seed = seed,
          .shared_seed = high | shared(),
          .tensors = shapes_[group],
          .previous = results_[group],
          .last_step = last_step_.empty() ? nullptr : &last_step_[group]};
}

Payload GradientExchange::make_payload(std::span<const float> values, std::size_t group,
                                       const RoundContext& context) const {
  const bool by_tensor = scenario_.training->method.selection == MethodTraining::Selection::tensor;
  const Codec& codec = *rounds_.front().codec;
  if (by_tensor && codec.keeps_largest()) {
    const Pairs largest = select_by_tensor(values, group);
    return codec.encode_largest({largest.indices, largest.values}, values.size());
  }
  return codec.encode(values, entries_[group], context);
}

void GradientExchange::encode(std::size_t worker, std::span<const float> gradient) {
  RandomStream lots = lots_of_zeros(worker);
  RandomStream seeds(id_.seed, Randomness::encoding, static_cast<std::uint32_t>(worker), id_.round);
  std::vector<float> copy;
  std::vector<float> with_signs;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    std::span<const float> values = values_of(gradient, group, copy);
    if (!feedback_.empty()) values = feedback_[worker * groups_.size() + group].correct(values);
    if (has_random_zeros()) {
      with_signs.assign(values.begin(), values.end());
      give_signs(with_signs, lots);
      values = with_signs;
    }
    const std::uint64_t seed = std::uint64_t{seeds()} << 32U;
    sent_.set(worker, group, make_payload(values, group, context_of(group, seed | seeds())));
    if (!values_.empty()) values_[worker * groups_.size() + group].assign(values.begin(), values.end());
  }
}

std::vector<float> GradientExchange::corrected(std::size_t worker, std::span<const float> gradient) const {
  std::vector<float> all(gradient.begin(), gradient.end());
  RandomStream lots = lots_of_zeros(worker);
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    std::span<const float> residual;
    if (!feedback_.empty()) residual = feedback_[worker * groups_.size() + group].residual();
    for (const std::size_t tensor : groups_[group].tensors) {
      const auto values =
          std::span(all).subspan(scenario_.model->offset(tensor), scenario_.model->tensors[tensor].elements());
      if (!feedback_.empty()) {
        std::copy_n(residual.begin(), values.size(), values.begin());
        residual = residual.subspan(values.size());
      }
      if (has_random_zeros()) give_signs(values, lots);
    }
  }
  return all;
}

bool GradientExchange::has_random_zeros() const {
  return scenario_.training->method.zeros == MethodTraining::Signless::random;
}

RandomStream GradientExchange::lots_of_zeros(std::size_t worker) const {
  return {id_.seed, Randomness::zeros, static_cast<std::uint32_t>(worker), id_.round};
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
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    if (round > 0) encode_again(round);
    aggregator = aggregator_of_round(rounds_[round]);
    outcomes = run_collective(round, aggregator);
    // All workers have the same.
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      const Outcome& outcome = outcomes.front()[group];
      result_bytes_ += static_cast<double>(outcome.bytes());
      if (round + 1 < rounds_.size()) results_[group].push_back(outcome.parts.front());
    }
  }
  settle(aggregator.get(), outcomes);
  for (std::size_t group = 0; group < groups_.size(); ++group) decode(outcomes.front()[group], group);
  if (continues()) {
    last_step_.clear();
    for (const Outcome& outcome : outcomes.front()) last_step_.push_back(outcome.parts.front());
  }
  for (auto& results : results_) results.clear();
  return agreed_;
}

/// What was corrected is what is encoded, until it is settled.
void GradientExchange::encode_again(std::size_t round) {
  parallel_for(workers_ * groups_.size(), threads_, [&](std::size_t i) {
    const std::size_t group = i % groups_.size();
    const auto step = static_cast<std::uint32_t>(id_.round * rounds_.size() + round);
    RandomStream seeds(id_.seed, Randomness::later_encoding, static_cast<std::uint32_t>(i), step);
    const std::uint64_t seed = std::uint64_t{seeds()} << 32U;
    const std::span<const float> values =
        feedback_.empty() ? std::span<const float>(values_[i]) : feedback_[i].residual();
    const RoundContext context = context_of(group, seed | seeds());
    sent_.set(i / groups_.size(), group, rounds_[round].codec->encode(values, entries_[group], context), round);
  });
}

std::vector<std::vector<std::byte>> GradientExchange::last_step() const {
  std::vector<std::vector<std::byte>> all;
  for (const Payload& payload : last_step_) all.emplace_back(payload.bytes().begin(), payload.bytes().end());
  return all;
}

void GradientExchange::restore_last_step(const std::vector<std::vector<std::byte>>& bytes) {
  last_step_.clear();
  for (std::size_t group = 0; group < bytes.size(); ++group) {
    const Codec& codec = *rounds_.back().codec;
    const auto shape = codec.shape(groups_.at(group).elements, entries_[group], shapes_[group]);
    last_step_.push_back(is_dense(codec.kind())
                             ? Payload::parse_dense(codec.kind(), shape.value().elements, bytes[group])
                             : Payload::parse(bytes[group]));
  }
}

GradientExchange::Outcomes GradientExchange::run_collective(std::size_t number,
                                                            const std::shared_ptr<const Aggregator>& aggregator) const {
  const Round& round = rounds_[number];
  Outcomes outcomes(workers_);
  const auto rank = [&](Transport& transport) {
    const auto worker = static_cast<std::size_t>(transport.rank());
    const auto own = aggregator_of(transport, aggregator);
    RotatedTransport led(transport, leader_of(id_.round, scenario_.workers));
    Transport& used = round.is_led() ? static_cast<Transport&>(led) : transport;
    for (std::size_t group = 0; group < groups_.size(); ++group)
      outcomes[worker].push_back(round.collective->exchange(used, sent_.at(worker, group, number), own.get()));
  };
  const auto serve = [&](Transport& transport) {
    const auto own = aggregator_of(transport, aggregator);
    for (std::size_t group = 0; group < groups_.size(); ++group) round.collective->serve(transport, *own);
  };
  const bool server = scenario_.method.needs_server_host() && workers_ > 1 && !round.is_led();
  run_in_memory(scenario_.workers, rank, server ? std::function<void(Transport&)>(serve) : nullptr);
  return outcomes;
}

void GradientExchange::settle(const Aggregator* aggregator, const Outcomes& outcomes) {
  parallel_for(feedback_.size(), threads_, [&](std::size_t i) {
    const std::size_t worker = i / groups_.size();
    const std::size_t group = i % groups_.size();
    const Payload& sent = sent_.at(worker, group, rounds_.size() - 1);
    const Payload& first = outcomes[worker][group].parts.front();
    feedback_[i].settle(*rounds_.back().codec, aggregator != nullptr ? aggregator->accepted(sent, first) : sent,
                        context_of(group));
  });
}

void GradientExchange::settle_too(std::size_t worker, std::span<float> values) const {
  const std::size_t last = rounds_.size() - 1;
  std::vector<float> buffer;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::span<const float> before = values_of(values, group, buffer);
    std::vector<float> after(before.begin(), before.end());
    rounds_[last].codec->settle(sent_.at(worker, group, last), after, context_of(group));
    put_values(after, group, values);
  }
}

void GradientExchange::decode(const Outcome& outcome, std::size_t group) {
  const bool vote = rounds_.back().codec->combining() == Combining::vote;
  const bool by_senders = scenario_.training->method.divide_by == MethodTraining::DivideBy::senders;
  const float weight = vote || by_senders ? 1.0F : 1.0F / static_cast<float>(workers_);
  std::vector<float> values(groups_[group].elements, 0.0F);
  for (const Payload& part : outcome.parts) rounds_.back().codec->decode(part, weight, values, context_of(group));
  if (by_senders) divide_by_senders(outcome.parts, values);
  put_values(values, group, agreed_);
}

double GradientExchange::payload_bytes() const {
  return sent_.mean_bytes(workers_, scenario_.workers);
}

}  // namespace simrun
