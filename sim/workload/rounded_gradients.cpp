#include <utility>

#include "kernels/parallel.hpp"
#include "sim/workload/gradients.hpp"

namespace simrun {
namespace {

class RoundedGradients final : public Gradients {
 public:
  RoundedGradients(std::unique_ptr<const Gradients> gradients, Precision precision)
      : gradients_(std::move(gradients)), precision_(precision) {}

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    constexpr std::size_t fewest_at_once = 1 << 16;
    gradients_->fill_part(worker, tensor, first, threads, out);
    parallel_ranges(out.size(), threads, fewest_at_once, [&](std::size_t, std::size_t begin, std::size_t end) {
      round_to(precision_, out.subspan(begin, end - begin));
    });
  }

  std::string file(int worker) const override { return gradients_->file(worker); }

 private:
  std::unique_ptr<const Gradients> gradients_;
  Precision precision_;
};

}  // namespace

std::unique_ptr<const Gradients> rounded(std::unique_ptr<const Gradients> gradients, Precision precision) {
  if (precision == Precision::fp32) return gradients;
  return std::make_unique<RoundedGradients>(std::move(gradients), precision);
}

}  // namespace simrun
