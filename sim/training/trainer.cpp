#include "sim/training/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "kernels/parallel.hpp"
#include "sim/training/adversary.hpp"
#include "sim/training/state_archive.hpp"

namespace simrun {
namespace {

/// Samples that are classified at once.
constexpr std::size_t evaluated_at_once = 100;

Classifier make_classifier(const Scenario& scenario, const Dataset& data, const Where& where) {
  try {
    return {*scenario.model, {1, data.train.height, data.train.width}, data.classes};
  } catch (const ClassifierError& error) {
    (where / "model")
        .fail(scenario.model->tensors[error.tensor].name + " " + error.what(),
              "accepted: softmax-mnist, mlp-mnist, cnn-mnist, or convolutions and linear layers, each with its bias");
  }
}

/// Deals out the samples of these numbers.
std::vector<SampleOrder> deal_out(const Scenario& scenario, const Dataset& data, std::span<const std::uint32_t> numbers,
                                  std::uint64_t seed, const Where& where) {
  std::vector<std::uint8_t> labels;
  for (const std::uint32_t number : numbers) labels.push_back(data.train.labels[number]);
  std::vector<SampleOrder> orders;
  try {
    auto shares =
        split_samples(scenario.training->split, labels, data.classes, static_cast<std::size_t>(scenario.workers), seed);
    for (std::size_t worker = 0; worker < shares.size(); ++worker) {
      for (std::uint32_t& sample : shares[worker]) sample = numbers[sample];
      orders.emplace_back(std::move(shares[worker]), seed, static_cast<std::uint32_t>(worker));
    }
  } catch (const SplitError& error) {
    (where / "training" / "split").fail(error.what(), error.accepted);
  }
  return orders;
}

std::vector<std::uint32_t> all_of(const Samples& samples) {
  std::vector<std::uint32_t> numbers(samples.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  return numbers;
}

}  // namespace

Trainer::Trainer(const Scenario& scenario, const Dataset& data, const TrainingId& id, unsigned threads,
                 std::vector<RoundTime> clocks, const Where& where)
    : scenario_(scenario),
      training_(*scenario.training),
      data_(data),
      id_(id),
      threads_(std::max(threads, 1U)),
      clocks_(std::move(clocks)),
      classifier_(make_classifier(scenario, data, where)),
      primitives_(make_cpu_primitives(1)),
      parts_(hold_out(data.train.size(), training_.validation_share, id.seed)),
      tested_(all_of(data.test)),
      orders_(deal_out(scenario, data, parts_.train, id.seed, where)),
      workspaces_(threads_),
      parameters_(classifier_.initial_parameters(id.seed)),
      losses_(orders_.size(), 0.0),
      round_s_(clocks_.size()),
      simulated_s_(clocks_.size()),
      curves_(clocks_.size()) {
  if (scenario.method.local.with_neighbours) {
    gossip_.emplace(scenario, id.seed, threads_, parameters_);
    return;
  }
  if (scenario.method.local.is_local()) {
    local_.emplace(scenario, id.seed, threads_, parameters_);
    return;
  }
  exchange_.emplace(scenario, threads);
  optimizer_.emplace(OptimizerRule::of(training_.method), parameters_.size(), primitives_);
  const Momentum& momentum = training_.method.momentum;
  if (momentum.factor != 0 && momentum.place == Momentum::Place::worker)
    velocities_.assign(orders_.size(), std::vector<float>(parameters_.size(), 0.0F));
}

void Trainer::step() {
  const std::optional<double> density = warmup_density(round_);
  if (exchange_) {
    exchange_->begin({.seed = id_.seed, .round = static_cast<std::uint32_t>(round_)});
    exchange_->set_density(density);
  }
  compute_gradients();
  const GradientExchange* exchanged = exchange(density);
  time_rounds();
  ++round_;
  account(exchanged);
}

/// Returns what exchanged gradients, if anything did.
const GradientExchange* Trainer::exchange(std::optional<double> density) {
  if (local_) return local_->exchange(round_ + 1, density, parameters_);
  if (!gossip_) return &exchange_gradients();
  gossip_->exchange(round_);
  so_far_.uplink_bytes += gossip_->bytes_in(round_);
  so_far_.downlink_bytes += gossip_->bytes_in(round_);
  return nullptr;
}

/// Null where all workers have one model.
WorkerModels* Trainer::own_models() {
  if (gossip_) return &*gossip_;
  return local_ ? &*local_ : nullptr;
}

/// What workers agree on makes the step of all.
const GradientExchange& Trainer::exchange_gradients() {
  optimizer_->step(exchange_->exchange(), rate(), parameters_);
  if (training_.method.momentum.is_masked)
    parallel_for(velocities_.size(), threads_,
                 [&](std::size_t worker) { exchange_->zero_sent(worker, velocities_[worker]); });
  return *exchange_;
}

/// The size of a step in this round.
float Trainer::rate() const {
  return static_cast<float>(id_.step * training_.method.learning_rate.factor(round_, training_.rounds));
}

void Trainer::compute_gradients() {
  std::atomic<std::size_t> next = 0;
  parallel_for(threads_, threads_, [&](std::size_t thread) {
    std::vector<float> gradient(parameters_.size());
    for (std::size_t worker = next++; worker < orders_.size(); worker = next++) {
      losses_[worker] += differentiate(worker, workspaces_[thread], gradient);
      round_to(scenario_.gradient_precision, gradient);
      if (WorkerModels* own = own_models()) {
        own->step(worker, gradient, rate());
        continue;
      }
      const std::span<const float> prepared = prepare(worker, gradient);
      exchange_->encode(worker, prepared);
      if (is_saved()) save_gradient_(round_ + 1, worker, exchange_->corrected(worker, prepared));
    }
  });
}

/// What the worker hands to its error feedback: its gradient, its velocity, or, in the gradient's place, what an
/// adversary makes of either.
std::span<const float> Trainer::prepare(std::size_t worker, std::vector<float>& gradient) {
  std::span<const float> prepared = gradient;
  if (!velocities_.empty()) {
    primitives_->accumulate(gradient, static_cast<float>(training_.method.momentum.factor), velocities_[worker]);
    prepared = velocities_[worker];
  }
  if (worker >= count_adversaries(training_.adversaries, orders_.size())) return prepared;
  if (prepared.data() != gradient.data()) gradient.assign(prepared.begin(), prepared.end());
  corrupt(training_.adversaries.behaviour,
          {id_.seed, Randomness::adversary, static_cast<std::uint32_t>(worker), static_cast<std::uint32_t>(round_)},
          gradient);
  return gradient;
}

/// Returns the mean loss of the worker's batch.
double Trainer::differentiate(std::size_t worker, Classifier::Workspace& workspace, std::vector<float>& gradient) {
  const auto size = static_cast<std::uint64_t>(scenario_.batch_per_worker);
  std::vector<float> inputs;
  std::vector<std::uint8_t> labels;
  inputs.reserve(size * data_.train.pixels_per_image());
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint32_t sample = orders_[worker].at(static_cast<std::uint64_t>(round_) * size + i);
    data_.append_image(data_.train, sample, inputs);
    labels.push_back(data_.train.labels[sample]);
  }
  const WorkerModels* own = own_models();
  const std::span<const float> parameters = own != nullptr ? own->parameters_of(worker) : parameters_;
  return classifier_.differentiate(parameters, {size, inputs}, labels, gradient, workspace).loss /
         static_cast<double>(size);
}

/// True if payload sizes depend on values.
bool Trainer::sizes_change() const {
  if (gossip_) return false;
  return local_ ? local_->sizes_change() : exchange_->sizes_change();
}

/// What was sent last of all of the model.
PayloadTable Trainer::payloads() const {
  if (gossip_) return gossip_->payloads();
  return local_ ? local_->payloads() : exchange_->payloads();
}

/// How long a round takes is known when workers have exchanged all of the model; from then on it is found again where
/// the density changes, and of payloads whose size depends on values in evenly spaced rounds.
void Trainer::time_rounds() {
  const std::int64_t period = scenario_.method.local.steps;
  if ((round_ + 1) % period != 0) return;
  const bool is_first = round_ + 1 == period;
  const bool is_new = is_first || warmup_density(round_) != warmup_density(round_ - period);
  const std::int64_t every = std::max<std::int64_t>(1, training_.rounds / period / training_.timed_rounds);
  if (!is_new && !(sizes_change() && round_ / period % every == 0)) return;
  for (std::size_t i = 0; i < clocks_.size(); ++i) {
    round_s_[i] = clocks_[i](payloads()).value;
    if (!is_first) continue;
    simulated_s_[i] = static_cast<double>(round_) * round_s_[i];
    for (CurvePoint& row : curves_[i]) row.simulated_s = static_cast<double>(row.round) * round_s_[i];
  }
}

/// After a round: its bytes and time, and a row where one is due.
void Trainer::account(const GradientExchange* exchange) {
  so_far_.round = round_;
  if (exchange != nullptr) {
    so_far_.uplink_bytes += exchange->payload_bytes();
    so_far_.downlink_bytes += exchange->result_bytes();
    so_far_.peeled += exchange->peeled();
  }
  for (std::size_t i = 0; i < clocks_.size(); ++i) simulated_s_[i] += round_s_[i];
  if (round_ == 1)
    so_far_.first_loss = std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
  if (round_ % training_.evaluate_every != 0 && !is_done()) return;
  const std::int64_t rounds = round_ - std::exchange(evaluated_, round_);
  so_far_.train_loss =
      std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(rounds * scenario_.workers);
  std::fill(losses_.begin(), losses_.end(), 0.0);
  if (gossip_) so_far_.consensus_distance = gossip_->find_mean(parameters_);
  so_far_.test_accuracy = accuracy(data_.test, tested_);
  if (!parts_.validation.empty()) so_far_.validation_accuracy = accuracy(data_.train, parts_.validation);
  for (std::size_t i = 0; i < clocks_.size(); ++i) {
    curves_[i].push_back(so_far_);
    curves_[i].back().simulated_s = simulated_s_[i];
  }
}

/// The share of these samples that is classified rightly.
double Trainer::accuracy(const Samples& samples, std::span<const std::uint32_t> numbers) {
  const std::size_t pieces = (numbers.size() + evaluated_at_once - 1) / evaluated_at_once;
  std::vector<std::size_t> correct(pieces);
  std::atomic<std::size_t> next = 0;
  parallel_for(threads_, threads_, [&](std::size_t thread) {
    std::vector<float> inputs;
    std::vector<std::uint8_t> labels;
    for (std::size_t piece = next++; piece < pieces; piece = next++) {
      const std::size_t begin = piece * evaluated_at_once;
      inputs.clear();
      labels.clear();
      for (const std::uint32_t number : numbers.subspan(begin, std::min(evaluated_at_once, numbers.size() - begin))) {
        data_.append_image(samples, number, inputs);
        labels.push_back(samples.labels[number]);
      }
      correct[piece] = classifier_.evaluate(parameters_, {labels.size(), inputs}, labels, workspaces_[thread]).correct;
    }
  });
  const std::size_t all = std::accumulate(correct.begin(), correct.end(), std::size_t{0});
  return static_cast<double>(all) / static_cast<double>(numbers.size());
}

std::optional<double> Trainer::warmup_density(std::int64_t round) const {
  std::int64_t end = 0;
  for (const DensityStage& stage : training_.method.density_warmup) {
    end += stage.rounds;
    if (round < end) return stage.density;
  }
  return std::nullopt;
}

bool Trainer::is_saved() const {
  const auto& rounds = training_.saved_rounds;
  return save_gradient_ && std::find(rounds.begin(), rounds.end(), round_ + 1) != rounds.end();
}

template <class Self, class Archive>
void Trainer::visit_state(Self& trainer, Archive& archive) {
  archive(trainer.round_, trainer.evaluated_, trainer.so_far_, trainer.round_s_, trainer.simulated_s_);
  archive(trainer.parameters_, trainer.losses_);
  for (auto& curve : trainer.curves_) archive(curve);
  for (auto& velocity : trainer.velocities_) archive(velocity);
  if (trainer.exchange_) GradientExchange::visit_state(*trainer.exchange_, archive);
  if (trainer.optimizer_) Optimizer::visit_state(*trainer.optimizer_, archive);
  if (trainer.local_) LocalTraining::visit_state(*trainer.local_, archive);
  if (trainer.gossip_) GossipTraining::visit_state(*trainer.gossip_, archive);
}

std::string Trainer::state() const {
  StateWriter writer;
  visit_state(*this, writer);
  return writer.take();
}

void Trainer::restore(const std::string& state) {
  StateReader reader(state);
  visit_state(*this, reader);
  reader.finish();
}

}  // namespace simrun
