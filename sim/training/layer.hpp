#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace simrun {

/// What one sample is between two layers: channels of images. A vector is many channels of one pixel.
struct Shape {
  std::size_t channels = 1;
  std::size_t height = 1;
  std::size_t width = 1;

  std::size_t size() const { return channels * height * width; }
};

/// Samples one after another, all of one shape; `data` has count times size() values.
struct Batch {
  std::size_t count;
  std::span<const float> data;
};

/// One step of a network. Immutable. Parameters and their gradients are parts of arrays of the whole network. `scratch`
/// is memory that calls of one thread share.
class Layer {
 public:
  virtual ~Layer() = default;

  virtual Shape output() const = 0;

  /// Number of parameters.
  virtual std::size_t parameters() const { return 0; }

  /// Inputs that each output is made of; the scale of the first parameters follows from it.
  virtual std::size_t fan_in() const { return 0; }

  virtual void forward(std::span<const float> parameters, const Batch& in, std::span<float> out,
                       std::vector<float>& scratch) const = 0;

  /// From the gradient of the loss by `out` that by the parameters (written) and by `in` (written, unless that is
  /// empty).
  virtual void backward(std::span<const float> parameters, const Batch& in, const Batch& out,
                        std::span<const float> d_out, std::span<float> d_parameters, std::span<float> d_in,
                        std::vector<float>& scratch) const = 0;
};

/// out = W in + b; the parameters are W, outputs by inputs, then b.
std::unique_ptr<const Layer> make_linear(std::size_t inputs, std::size_t outputs);

/// Square kernels at every place where they fit; the parameters are one kernel for each input channel of each output
/// channel, then a bias for each output channel.
std::unique_ptr<const Layer> make_convolution(const Shape& input, std::size_t outputs, std::size_t kernel);

/// max(x, 0).
std::unique_ptr<const Layer> make_relu(const Shape& input);

/// The largest of every 2 by 2 pixels; a row or column that is left over is left out.
std::unique_ptr<const Layer> make_max_pool(const Shape& input);

}  // namespace simrun
