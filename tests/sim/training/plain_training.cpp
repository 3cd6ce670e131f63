#include "tests/sim/training/plain_training.hpp"

#include <cmath>

namespace simrun::trainings {
namespace {

constexpr std::size_t pixels = 144;
constexpr std::size_t classes = 4;

/// The gradient of the mean cross-entropy over a batch: (softmax(W x + b) - label) x^T, and the same without x.
std::vector<double> softmax_gradient(const std::vector<double>& parameters, const std::vector<float>& inputs,
                                     const std::vector<std::uint8_t>& labels) {
  std::vector<double> gradient(parameters.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float* x = inputs.data() + i * pixels;
    std::vector<double> weights(classes);
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      double logit = parameters[classes * pixels + c];
      for (std::size_t p = 0; p < pixels; ++p) logit += parameters[c * pixels + p] * static_cast<double>(x[p]);
      sum += weights[c] = std::exp(logit);
    }
    for (std::size_t c = 0; c < classes; ++c) {
      const double error = (weights[c] / sum - (c == labels[i] ? 1 : 0)) / static_cast<double>(labels.size());
      for (std::size_t p = 0; p < pixels; ++p) gradient[c * pixels + p] += error * static_cast<double>(x[p]);
      gradient[classes * pixels + c] += error;
    }
  }
  return gradient;
}

/// One step of the inner optimiser.
void make_step(const MethodTraining& method, const std::vector<double>& gradient, int t,
               std::vector<double>& parameters, std::vector<double>& first, std::vector<double>& second) {
  const double rate = method.learning_rate.sizes.front();
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (const auto* adamw = std::get_if<AdamW>(&method.optimizer)) {
      first[i] = adamw->beta1 * first[i] + (1 - adamw->beta1) * gradient[i];
      second[i] = adamw->beta2 * second[i] + (1 - adamw->beta2) * gradient[i] * gradient[i];
      const double m = first[i] / (1 - std::pow(adamw->beta1, t));
      const double s = second[i] / (1 - std::pow(adamw->beta2, t));
      parameters[i] -= rate * (m / (std::sqrt(s) + adamw->epsilon) + method.weight_decay * parameters[i]);
    } else {
      first[i] = method.momentum.factor * first[i] + gradient[i] + method.weight_decay * parameters[i];
      parameters[i] -= rate * first[i];
    }
  }
}

}  // namespace

json softmax(std::size_t workers, const json& method) {
  json scenario = mlp(workers, method);
  scenario["model"] = {
      {"name", "softmax"},
      {"tensors",
       {{{"name", "fc.weight"}, {"shape", {classes, pixels}}}, {{"name", "fc.bias"}, {"shape", {classes}}}}}};
  return scenario;
}

PlainTraining::PlainTraining(const Bench& bench) : bench_(bench), local_(bench.scenario().method.local) {
  const Scenario& scenario = bench.scenario();
  const Classifier classifier(*scenario.model, {1, 12, 12}, classes);
  const std::vector<float> initial = classifier.initial_parameters(1);
  outer_.assign(initial.begin(), initial.end());
  velocity_.resize(outer_.size());
  const auto shares = split_samples(scenario.training->split, bench.data().train.labels, classes,
                                    static_cast<std::size_t>(scenario.workers), 1);
  for (std::uint32_t worker = 0; worker < shares.size(); ++worker)
    workers_.push_back({SampleOrder(shares[worker], 1, worker), outer_});
}

std::vector<float> PlainTraining::trained() {
  for (int t = 1; t <= bench_.scenario().training->rounds; ++t) {
    for (Worker& worker : workers_) step(worker, t);
    while (!flying_.empty() && flying_.front().first == t) land();
    if (t == (sent_ + 1) * local_.steps / local_.fragments) send(t);
    while (!flying_.empty() && flying_.front().first == t) land();
  }
  return {outer_.begin(), outer_.end()};
}

void PlainTraining::step(Worker& worker, int t) const {
  const auto batch = static_cast<std::uint64_t>(bench_.scenario().batch_per_worker);
  std::vector<float> inputs;
  std::vector<std::uint8_t> labels;
  for (std::uint64_t i = 0; i < batch; ++i) {
    const std::uint32_t sample = worker.order.at(static_cast<std::uint64_t>(t - 1) * batch + i);
    bench_.data().append_image(bench_.data().train, sample, inputs);
    labels.push_back(bench_.data().train.labels[sample]);
  }
  make_step(bench_.scenario().training->method, softmax_gradient(worker.parameters, inputs, labels), t,
            worker.parameters, worker.first, worker.second);
}

bool PlainTraining::is_in(std::size_t parameter, std::int64_t exchange) const {
  return local_.fragments == 1 || (parameter < classes * pixels) == (exchange % 2 == 1);
}

void PlainTraining::send(int t) {
  Vector change(outer_.size());
  for (const Worker& worker : workers_) {
    for (std::size_t i = 0; i < change.size(); ++i)
      change[i] += (outer_[i] - worker.parameters[i]) / static_cast<double>(workers_.size());
  }
  Result result{change, {}};
  for (const Worker& worker : workers_) result.sent.push_back(worker.parameters);
  flying_.emplace_back(t + local_.delay, result);
  ++sent_;
}

void PlainTraining::land() {
  const auto& [change, sent] = flying_.front().second;
  const OuterOptimizer outer = local_.outer.value_or(OuterOptimizer{OuterOptimizer::Kind::sgd, 1, 0});
  for (std::size_t i = 0; i < change.size(); ++i) {
    if (!is_in(i, landed_)) continue;
    velocity_[i] = outer.momentum * velocity_[i] + change[i];
    const bool nesterov = outer.kind == OuterOptimizer::Kind::nesterov;
    outer_[i] -= outer.learning_rate * (nesterov ? outer.momentum * velocity_[i] + change[i] : velocity_[i]);
    for (std::size_t w = 0; w < workers_.size(); ++w) {
      double& own = workers_[w].parameters[i];
      const double since = local_.keeps_steps ? own - sent[w][i] : 0;
      own = local_.merge_weight * own + (1 - local_.merge_weight) * (outer_[i] + since);
    }
  }
  flying_.pop_front();
  ++landed_;
}

}  // namespace simrun::trainings
