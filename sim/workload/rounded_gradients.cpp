#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "kernels/parallel.hpp"
#include "sim/text/error.hpp"
#include "sim/workload/gradients.hpp"

namespace simrun {
namespace {

class RoundedGradients final : public Gradients {
 public:
  RoundedGradients(std::unique_ptr<const Gradients> gradients, Precision precision, const Model& model)
      : gradients_(std::move(gradients)), precision_(precision), model_(model) {}

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    constexpr std::size_t fewest_at_once = 1 << 16;
    gradients_->fill_part(worker, tensor, first, threads, out);
    const std::string file = gradients_->file(worker);
    parallel_ranges(out.size(), threads, fewest_at_once, [&](std::size_t, std::size_t begin, std::size_t end) {
      const std::span<float> range = out.subspan(begin, end - begin);
      round_to(precision_, range);
      if (file.empty()) return;  // what is made is looked at when it is encoded
      const auto bad = std::find_if_not(range.begin(), range.end(), [](float x) { return std::isfinite(x); });
      if (bad != range.end())
        throw InputError(file, "data",
                         "worker " + std::to_string(worker) + ", tensor " + model_.tensors[tensor].name + ": element " +
                             std::to_string(first + begin + static_cast<std::size_t>(bad - range.begin())) +
                             " is beyond the numbers of " + name_of(precision_) +
                             ", which gradients.precision asks for",
                         "accepted: smaller values, or another gradients.precision");
    });
  }

  std::string file(int worker) const override { return gradients_->file(worker); }

 private:
  std::unique_ptr<const Gradients> gradients_;
  Precision precision_;
  const Model& model_;
};

}  // namespace

std::unique_ptr<const Gradients> rounded(std::unique_ptr<const Gradients> gradients, Precision precision,
                                         const Model& model) {
  if (precision == Precision::fp32) return gradients;
  return std::make_unique<RoundedGradients>(std::move(gradients), precision, model);
}

}  // namespace simrun
