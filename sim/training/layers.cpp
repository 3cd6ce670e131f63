#include <algorithm>

#include "sim/training/layer.hpp"
#include "sim/training/multiply.hpp"

namespace simrun {
namespace {

class Linear final : public Layer {
 public:
  Linear(std::size_t inputs, std::size_t outputs) : inputs_(inputs), outputs_(outputs) {}

  Shape output() const override { return {outputs_, 1, 1}; }
  std::size_t parameters() const override { return (inputs_ + 1) * outputs_; }
  std::size_t fan_in() const override { return inputs_; }

  void forward(std::span<const float> parameters, const Batch& in, std::span<float> out,
               std::vector<float>&) const override {
    const auto bias = parameters.subspan(inputs_ * outputs_);
    for (std::size_t i = 0; i < in.count; ++i) std::copy(bias.begin(), bias.end(), &out[i * outputs_]);
    multiply({in.data.data(), in.count, inputs_}, weight(parameters).transpose(), Into::add, out.data());
  }

  void backward(std::span<const float> parameters, const Batch& in, const Batch&, std::span<const float> d_out,
                std::span<float> d_parameters, std::span<float> d_in, std::vector<float>&) const override {
    const MatrixView d = {d_out.data(), in.count, outputs_};
    multiply(d.transpose(), {in.data.data(), in.count, inputs_}, Into::replace, d_parameters.data());
    const auto d_bias = d_parameters.subspan(inputs_ * outputs_);
    std::fill(d_bias.begin(), d_bias.end(), 0.0F);
    for (std::size_t i = 0; i < in.count; ++i) {
      for (std::size_t j = 0; j < outputs_; ++j) d_bias[j] += d_out[i * outputs_ + j];
    }
    if (!d_in.empty()) multiply(d, weight(parameters), Into::replace, d_in.data());
  }

 private:
  MatrixView weight(std::span<const float> parameters) const { return {parameters.data(), outputs_, inputs_}; }

  std::size_t inputs_;
  std::size_t outputs_;
};

class Relu final : public Layer {
 public:
  explicit Relu(const Shape& shape) : shape_(shape) {}

  Shape output() const override { return shape_; }

  void forward(std::span<const float>, const Batch& in, std::span<float> out, std::vector<float>&) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = in.data[i] > 0 ? in.data[i] : 0.0F;
  }

  void backward(std::span<const float>, const Batch& in, const Batch&, std::span<const float> d_out, std::span<float>,
                std::span<float> d_in, std::vector<float>&) const override {
    for (std::size_t i = 0; i < d_in.size(); ++i) {
      const float d = d_out[i];  // read in any case, so that the loop has no branch
      d_in[i] = in.data[i] > 0 ? d : 0.0F;
    }
  }

 private:
  Shape shape_;
};

class MaxPool final : public Layer {
 public:
  explicit MaxPool(const Shape& input) : input_(input), output_{input.channels, input.height / 2, input.width / 2} {}

  Shape output() const override { return output_; }

  void forward(std::span<const float>, const Batch& in, std::span<float> out, std::vector<float>&) const override {
    for_each_window(in.count, [&](std::size_t from, std::size_t to) {
      const float* x = &in.data[from];
      out[to] = std::max(std::max(x[0], x[1]), std::max(x[input_.width], x[input_.width + 1]));
    });
  }

  /// The first of equal largest pixels has the gradient.
  void backward(std::span<const float>, const Batch& in, const Batch& out, std::span<const float> d_out,
                std::span<float>, std::span<float> d_in, std::vector<float>&) const override {
    std::fill(d_in.begin(), d_in.end(), 0.0F);
    if (d_in.empty()) return;
    for_each_window(in.count, [&](std::size_t from, std::size_t to) {
      for (const std::size_t pixel : {from, from + 1, from + input_.width, from + input_.width + 1}) {
        if (in.data[pixel] != out.data[to]) continue;
        d_in[pixel] = d_out[to];
        break;
      }
    });
  }

 private:
  /// Calls work(first pixel of the window, its output) for all of them.
  template <class Work>
  void for_each_window(std::size_t count, const Work& work) const {
    std::size_t to = 0;
    for (std::size_t image = 0; image < count * input_.channels; ++image) {
      for (std::size_t y = 0; y < output_.height; ++y) {
        const std::size_t row = (image * input_.height + 2 * y) * input_.width;
        for (std::size_t x = 0; x < output_.width; ++x) work(row + 2 * x, to++);
      }
    }
  }

  Shape input_;
  Shape output_;
};

}  // namespace

std::unique_ptr<const Layer> make_linear(std::size_t inputs, std::size_t outputs) {
  return std::make_unique<Linear>(inputs, outputs);
}

std::unique_ptr<const Layer> make_relu(const Shape& input) {
  return std::make_unique<Relu>(input);
}

std::unique_ptr<const Layer> make_max_pool(const Shape& input) {
  return std::make_unique<MaxPool>(input);
}

}  // namespace simrun
