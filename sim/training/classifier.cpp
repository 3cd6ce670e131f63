#include "sim/training/classifier.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/training/random.hpp"

namespace simrun {

Classifier::Classifier(const Model& model, const Shape& input, std::size_t classes) : shape_(input) {
  for (std::size_t t = 0; t < model.tensors.size(); t += 2) {
    const auto& shape = model.tensors[t].shape;
    if (shape.size() != 2 && shape.size() != 4)
      throw ClassifierError(t, "is not the weight of a linear layer or a convolution");
    if (t + 1 == model.tensors.size() || model.tensors[t + 1].shape != std::vector{shape[0]})
      throw ClassifierError(t, "is not followed by a bias of " + std::to_string(shape[0]));
    add_weight(model, t);
  }
  if (shape_.size() != classes)
    throw ClassifierError(model.tensors.size() - 1, "gives " + std::to_string(shape_.size()) + " outputs for " +
                                                        std::to_string(classes) + " classes");
}

void Classifier::add_weight(const Model& model, std::size_t tensor) {
  const auto& shape = model.tensors[tensor].shape;
  const bool is_last = tensor + 2 == model.tensors.size();
  if (shape.size() == 2) {
    if (shape[1] != shape_.size())
      throw ClassifierError(
          tensor, "takes " + std::to_string(shape[1]) + " inputs, there are " + std::to_string(shape_.size()));
    add(make_linear(shape[1], shape[0]));
    if (!is_last) add(make_relu(shape_));
    return;
  }
  const std::size_t kernel = shape[2];
  if (shape[3] != kernel || shape[1] != shape_.channels)
    throw ClassifierError(tensor, "is not made of square kernels for " + std::to_string(shape_.channels) + " channels");
  if (kernel >= shape_.height || kernel >= shape_.width)
    throw ClassifierError(tensor, "has kernels of " + std::to_string(kernel) + " pixels for images of " +
                                      std::to_string(shape_.height) + " by " + std::to_string(shape_.width));
  add(make_convolution(shape_, shape[0], kernel));
  add(make_relu(shape_));
  add(make_max_pool(shape_));
}

void Classifier::add(std::unique_ptr<const Layer> layer) {
  shape_ = layer->output();
  const std::size_t offset = parameters_;
  parameters_ += layer->parameters();
  steps_.push_back({std::move(layer), offset});
}

std::vector<float> Classifier::initial_parameters(std::uint64_t seed) const {
  std::vector<float> parameters(parameters_);
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const Layer& layer = *steps_[s].layer;
    if (layer.parameters() == 0) continue;
    const float bound = 1 / std::sqrt(static_cast<float>(layer.fan_in()));
    RandomStream random(seed, Randomness::initial_parameters, 0, static_cast<std::uint32_t>(s));
    std::uniform_real_distribution<float> uniform(-bound, bound);
    std::generate_n(parameters.begin() + static_cast<std::ptrdiff_t>(steps_[s].offset), layer.parameters(),
                    [&] { return uniform(random); });
  }
  return parameters;
}

Batch Classifier::output_of(std::size_t step, std::size_t count, const Workspace& workspace) const {
  return {count, std::span(workspace.outputs[step]).first(count * steps_[step].layer->output().size())};
}

Batch Classifier::forward(std::span<const float> parameters, const Batch& in, Workspace& workspace) const {
  workspace.outputs.resize(steps_.size());
  Batch at = in;
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const Layer& layer = *steps_[s].layer;
    std::vector<float>& out = workspace.outputs[s];
    out.resize(std::max(out.size(), in.count * layer.output().size()));
    layer.forward(parameters.subspan(steps_[s].offset, layer.parameters()), at,
                  std::span(out).first(in.count * layer.output().size()), workspace.scratch);
    at = output_of(s, in.count, workspace);
  }
  return at;
}

Evaluation Classifier::evaluate(std::span<const float> parameters, const Batch& in,
                                std::span<const std::uint8_t> labels, Workspace& workspace) const {
  return cross_entropy(forward(parameters, in, workspace), shape_.size(), labels, {});
}

Evaluation Classifier::differentiate(std::span<const float> parameters, const Batch& in,
                                     std::span<const std::uint8_t> labels, std::span<float> gradient,
                                     Workspace& workspace) const {
  const Batch logits = forward(parameters, in, workspace);
  workspace.gradients.resize(steps_.size());
  workspace.gradients.back().resize(logits.data.size());
  const Evaluation evaluation = cross_entropy(logits, shape_.size(), labels, workspace.gradients.back());
  for (std::size_t s = steps_.size(); s-- > 0;) {
    const Layer& layer = *steps_[s].layer;
    const Batch before = s == 0 ? in : output_of(s - 1, in.count, workspace);
    std::span<float> d_in;
    if (s > 0) {
      workspace.gradients[s - 1].resize(before.data.size());
      d_in = workspace.gradients[s - 1];
    }
    layer.backward(parameters.subspan(steps_[s].offset, layer.parameters()), before, output_of(s, in.count, workspace),
                   workspace.gradients[s], gradient.subspan(steps_[s].offset, layer.parameters()), d_in,
                   workspace.scratch);
  }
  return evaluation;
}

Evaluation cross_entropy(const Batch& logits, std::size_t classes, std::span<const std::uint8_t> labels,
                         std::span<float> d_logits) {
  Evaluation all;
  const float weight = 1 / static_cast<float>(logits.count);
  for (std::size_t i = 0; i < logits.count; ++i) {
    const auto row = logits.data.subspan(i * classes, classes);
    const auto largest = std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float x : row) sum += std::exp(static_cast<double>(x - *largest));
    const std::size_t label = labels[i];
    all.loss += std::log(sum) - static_cast<double>(row[label] - *largest);
    if (static_cast<std::size_t>(largest - row.begin()) == label) ++all.correct;
    if (d_logits.empty()) continue;
    for (std::size_t c = 0; c < classes; ++c) {
      const double share = std::exp(static_cast<double>(row[c] - *largest)) / sum;
      d_logits[i * classes + c] = weight * static_cast<float>(share - (c == label ? 1 : 0));
    }
  }
  return all;
}

}  // namespace simrun
