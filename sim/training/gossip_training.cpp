#include "sim/training/gossip_training.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/low_rank.hpp"
#include "kernels/parallel.hpp"
#include "sim/training/random.hpp"

namespace simrun {

GossipTraining::GossipTraining(const Scenario& scenario, std::uint64_t seed, unsigned threads,
                               std::span<const float> parameters)
    : WorkerModels(scenario, parameters),
      seed_(seed),
      threads_(threads),
      codec_(make_rounds(scenario.method, make_cpu_primitives(1)).front().codec),
      groups_(*scenario.model, scenario.grouping),
      edges_(edges_of(scenario.method.options.graph, scenario.workers)),
      mean_degree_(mean_degree_of(scenario.method.options.graph, scenario.workers)),
      payloads_(scenario) {
  std::vector<int> degrees;
  for (int worker = 0; worker < scenario.workers; ++worker)
    degrees.push_back(degree_of(scenario.method.options.graph, worker, scenario.workers));
  for (const auto& [lower, higher] : edges_) {
    const int most = std::max(degrees[static_cast<std::size_t>(lower)], degrees[static_cast<std::size_t>(higher)]);
    weights_.push_back(1.0F / static_cast<float>(1 + most));
  }
}

/// The same at both ends.
RoundContext GossipTraining::context_of(std::size_t edge, std::size_t group) const {
  const std::size_t number = edge * groups_.size() + group;
  RandomStream shared(seed_, Randomness::shared_encoding, static_cast<std::uint32_t>(number),
                      static_cast<std::uint32_t>(step_));
  return {.shared_seed = shared.next64(),
          .tensors = groups_.shapes(group),
          .last_step = differences_.empty() ? nullptr : &differences_[number],
          .step = static_cast<std::uint64_t>(step_)};
}

/// What either end finds from what both send: of the lower one less of the higher one.
Payload GossipTraining::difference_at(std::size_t edge, std::size_t group) const {
  const RoundContext context = context_of(edge, group);
  std::vector<float> copy;
  const auto sent_by = [&](int worker) {
    const std::span<const float> values = groups_.values_of(models_[static_cast<std::size_t>(worker)], group, copy);
    return codec_->encode(values, values.size(), context);
  };
  const auto [lower, higher] = edges_[edge];
  return difference_of(sent_by(lower), sent_by(higher));
}

/// Towards its neighbours.
void GossipTraining::move(std::size_t worker, std::span<const Payload> differences) {
  std::vector<float> copy;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const std::span<const float> before = groups_.values_of(models_[worker], group, copy);
    std::vector<float> values(before.begin(), before.end());
    for (std::size_t edge = 0; edge < edges_.size(); ++edge) {
      const auto [lower, higher] = edges_[edge];
      const bool is_lower = static_cast<std::size_t>(lower) == worker;
      if (!is_lower && static_cast<std::size_t>(higher) != worker) continue;
      codec_->decode(differences[edge * groups_.size() + group], is_lower ? -weights_[edge] : weights_[edge], values,
                     context_of(edge, group));
    }
    groups_.put_values(values, group, models_[worker]);
  }
}

void GossipTraining::exchange(std::int64_t step) {
  step_ = step;
  std::vector<Payload> differences(edges_.size() * groups_.size());
  parallel_for(differences.size(), threads_,
               [&](std::size_t i) { differences[i] = difference_at(i / groups_.size(), i % groups_.size()); });
  parallel_for(models_.size(), threads_, [&](std::size_t worker) { move(worker, differences); });
  differences_ = std::move(differences);
}

double GossipTraining::bytes_in(std::int64_t step) const {
  std::uint64_t bytes = 0;
  for (std::size_t group = 0; group < groups_.size(); ++group)
    bytes += payloads_.at(0, group, 0, static_cast<std::size_t>(step)).size();
  return static_cast<double>(bytes) * mean_degree_;
}

double GossipTraining::find_mean(std::span<float> mean) const {
  const auto workers = static_cast<double>(models_.size());
  double squares = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    double sum = 0;
    for (const std::vector<float>& model : models_) sum += double{model[i]};
    for (const std::vector<float>& model : models_) squares += std::pow(double{model[i]} - sum / workers, 2);
    mean[i] = static_cast<float>(sum / workers);
  }
  return std::sqrt(squares / workers);
}

std::vector<std::vector<std::byte>> GossipTraining::bytes_of_differences() const {
  std::vector<std::vector<std::byte>> all;
  for (const Payload& payload : differences_) all.emplace_back(payload.bytes().begin(), payload.bytes().end());
  return all;
}

void GossipTraining::restore_differences(const std::vector<std::vector<std::byte>>& bytes) {
  differences_.clear();
  for (const std::vector<std::byte>& each : bytes)
    differences_.push_back(Payload::parse_dense(codec_->kind(), each.size() / sizeof(float), each));
}

}  // namespace simrun
