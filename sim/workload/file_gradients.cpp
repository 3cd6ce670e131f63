#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/parallel.hpp"
#include "sim/text/error.hpp"
#include "sim/workload/gradients.hpp"
#include "sim/workload/npy.hpp"

namespace simrun {
namespace {

class NpyGradients final : public Gradients {
 public:
  NpyGradients(const std::string& scenario, const std::vector<std::string>& files, const Model& model)
      : scenario_(scenario), files_(files), model_(model), elements_(model.elements()) {
    for (std::size_t t = 0; t < model_.tensors.size(); ++t) offsets_.push_back(model_.offset(t));
    for (std::size_t i = 0; i < files_.size(); ++i) open(i);
  }

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    constexpr std::size_t fewest_at_once = 1 << 16;
    const std::unique_ptr<const NpyFile> npy = open(file_index(worker));
    parallel_ranges(out.size(), threads, fewest_at_once, [&](std::size_t, std::size_t begin, std::size_t end) {
      const std::span<float> range = out.subspan(begin, end - begin);
      npy->read(offsets_.at(tensor) + first + begin, range);
      const auto bad = std::find_if_not(range.begin(), range.end(), [](float x) { return std::isfinite(x); });
      if (bad != range.end())
        refuse(worker, tensor, first + begin + static_cast<std::size_t>(bad - range.begin()), *bad);
    });
  }

  std::string file(int worker) const override { return files_.at(file_index(worker)); }

 private:
  std::size_t file_index(int worker) const { return files_.size() == 1 ? 0 : static_cast<std::size_t>(worker); }

  /// A file is open only while it is read: there may be more workers than files that a process may hold open.
  std::unique_ptr<const NpyFile> open(std::size_t i) const {
    try {
      return std::make_unique<const NpyFile>(files_.at(i), elements_);
    } catch (const InputError&) {
      throw;
    } catch (const std::runtime_error& error) {
      throw InputError(scenario_, "gradients.files." + std::to_string(i),
                       "cannot open " + files_[i] + ": " + error.what(), "accepted: a .npy file that can be read");
    }
  }

  [[noreturn]] void refuse(int worker, std::size_t tensor, std::uint64_t element, float value) const {
    throw InputError(file(worker), "data",
                     "worker " + std::to_string(worker) + ", tensor " + model_.tensors[tensor].name + ": " +
                         (std::isnan(value) ? "NaN" : "infinity") + " at element " + std::to_string(element),
                     "accepted: finite values");
  }

  std::string scenario_;
  std::vector<std::string> files_;
  Model model_;
  std::uint64_t elements_;
  std::vector<std::uint64_t> offsets_;  ///< of every tensor
};

}  // namespace

std::string gradient_file(std::size_t worker) {
  return "worker-" + std::to_string(worker) + ".npy";
}

std::unique_ptr<const Gradients> make_npy_gradients(const std::string& scenario, const std::vector<std::string>& files,
                                                    const Model& model) {
  return std::make_unique<NpyGradients>(scenario, files, model);
}

}  // namespace simrun
