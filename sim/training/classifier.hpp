#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "sim/training/layer.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// A model whose tensors make no classifier of the data; `tensor` is the one to blame.
struct ClassifierError : std::invalid_argument {
  ClassifierError(std::size_t at, const std::string& wrong) : std::invalid_argument(wrong), tensor(at) {}
  std::size_t tensor;
};

/// How a batch was classified.
struct Evaluation {
  double loss = 0;          ///< cross-entropy, summed over the samples
  std::size_t correct = 0;  ///< samples whose class got the largest output, the first of equal ones
};

/// A classifier made of a model's tensors: each weight of shape [outputs, inputs, k, k] is a convolution, each followed
/// by ReLU and 2 by 2 max-pooling; after them each weight of shape [outputs, inputs] is a linear layer, with ReLU
/// between two of them; every weight is followed by its bias. The outputs of the last are the logits of the classes.
class Classifier {
 public:
  /// Throws ClassifierError.
  Classifier(const Model& model, const Shape& input, std::size_t classes);

  /// N; arrays of parameters and gradients hold the model's tensors in forward order.
  std::size_t parameters() const { return parameters_; }

  /// Uniform within 1/sqrt(fan-in), weights and biases: PyTorch's default.
  std::vector<float> initial_parameters(std::uint64_t seed) const;

  /// Memory for the calls of one thread.
  struct Workspace {
    std::vector<std::vector<float>> outputs;    ///< of each layer
    std::vector<std::vector<float>> gradients;  ///< by each layer's output
    std::vector<float> scratch;
  };

  /// `labels`: one a sample, below the number of classes.
  Evaluation evaluate(std::span<const float> parameters, const Batch& in, std::span<const std::uint8_t> labels,
                      Workspace& workspace) const;

  /// The gradient of the mean cross-entropy over the batch, written to `gradient` (size N).
  Evaluation differentiate(std::span<const float> parameters, const Batch& in, std::span<const std::uint8_t> labels,
                           std::span<float> gradient, Workspace& workspace) const;

 private:
  struct Step {
    std::unique_ptr<const Layer> layer;
    std::size_t offset;  ///< of its first parameter
  };

  void add(std::unique_ptr<const Layer> layer);
  void add_weight(const Model& model, std::size_t tensor);
  Batch forward(std::span<const float> parameters, const Batch& in, Workspace& workspace) const;
  Batch output_of(std::size_t step, std::size_t count, const Workspace& workspace) const;

  Shape shape_;  ///< of the output of the steps so far
  std::vector<Step> steps_;
  std::size_t parameters_ = 0;
};

/// Adds up the cross-entropy of softmax(logits) and counts what is right; where `d_logits` is not empty, writes the
/// gradient of the mean over the batch to it. `logits`: count rows of `classes`.
Evaluation cross_entropy(const Batch& logits, std::size_t classes, std::span<const std::uint8_t> labels,
                         std::span<float> d_logits);

}  // namespace simrun
