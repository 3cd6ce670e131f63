#include <algorithm>

#include "sim/training/layer.hpp"
#include "sim/training/multiply.hpp"

namespace simrun {
namespace {

/// As products of matrices: the columns of `patches` are what the kernel sees at each place, channel by channel.
/// Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing",
/// 2006.
class Convolution final : public Layer {
 public:
  Convolution(const Shape& input, std::size_t outputs, std::size_t kernel)
      : input_(input), output_{outputs, input.height - kernel + 1, input.width - kernel + 1}, kernel_(kernel) {}

  Shape output() const override { return output_; }
  std::size_t parameters() const override { return (fan_in() + 1) * output_.channels; }
  std::size_t fan_in() const override { return input_.channels * kernel_ * kernel_; }

  void forward(std::span<const float> parameters, const Batch& in, std::span<float> out,
               std::vector<float>& scratch) const override {
    scratch.resize(fan_in() * places());
    const float* bias = &parameters[fan_in() * output_.channels];
    for (std::size_t image = 0; image < in.count; ++image) {
      float* here = &out[image * output_.size()];
      for (std::size_t c = 0; c < output_.channels; ++c) std::fill_n(here + c * places(), places(), bias[c]);
      gather(&in.data[image * input_.size()], scratch.data());
      multiply(weight(parameters), patches(scratch), Into::add, here);
    }
  }

  void backward(std::span<const float> parameters, const Batch& in, const Batch&, std::span<const float> d_out,
                std::span<float> d_parameters, std::span<float> d_in, std::vector<float>& scratch) const override {
    scratch.resize(fan_in() * places());
    std::fill(d_parameters.begin(), d_parameters.end(), 0.0F);
    std::fill(d_in.begin(), d_in.end(), 0.0F);
    float* d_bias = &d_parameters[fan_in() * output_.channels];
    for (std::size_t image = 0; image < in.count; ++image) {
      const float* from = &d_out[image * output_.size()];
      const MatrixView d = {from, output_.channels, places()};
      for (std::size_t i = 0; i < output_.size(); ++i) d_bias[i / places()] += from[i];
      gather(&in.data[image * input_.size()], scratch.data());
      multiply(d, patches(scratch).transpose(), Into::add, d_parameters.data());
      if (d_in.empty()) continue;
      multiply(weight(parameters).transpose(), d, Into::replace, scratch.data());
      scatter_add(scratch.data(), &d_in[image * input_.size()]);
    }
  }

 private:
  std::size_t places() const { return output_.height * output_.width; }
  MatrixView weight(std::span<const float> parameters) const { return {parameters.data(), output_.channels, fan_in()}; }
  MatrixView patches(const std::vector<float>& scratch) const { return {scratch.data(), fan_in(), places()}; }

  /// Calls work(first pixel of an image's row, place in the patches) for every run of output_.width pixels that one
  /// element of the kernel meets.
  template <class Work>
  void for_each_run(const Work& work) const {
    std::size_t at = 0;
    for (std::size_t channel = 0; channel < input_.channels; ++channel) {
      for (std::size_t dy = 0; dy < kernel_; ++dy) {
        for (std::size_t dx = 0; dx < kernel_; ++dx) {
          for (std::size_t y = 0; y < output_.height; ++y, at += output_.width)
            work((channel * input_.height + y + dy) * input_.width + dx, at);
        }
      }
    }
  }

  void gather(const float* image, float* all) const {
    for_each_run([&](std::size_t pixel, std::size_t at) { std::copy_n(image + pixel, output_.width, all + at); });
  }

  void scatter_add(const float* all, float* image) const {
    for_each_run([&](std::size_t pixel, std::size_t at) {
      for (std::size_t x = 0; x < output_.width; ++x) image[pixel + x] += all[at + x];
    });
  }

  Shape input_;
  Shape output_;
  std::size_t kernel_;
};

}  // namespace

std::unique_ptr<const Layer> make_convolution(const Shape& input, std::size_t outputs, std::size_t kernel) {
  return std::make_unique<Convolution>(input, outputs, kernel);
}

}  // namespace simrun
