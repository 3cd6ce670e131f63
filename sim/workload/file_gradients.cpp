#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "kernels/parallel.hpp"
#include "sim/text/error.hpp"
#include "sim/workload/gradient_file.hpp"
#include "sim/workload/gradients.hpp"

namespace simrun {
namespace {

class FileGradients final : public Gradients {
 public:
  FileGradients(const std::string& scenario, const std::vector<std::string>& files, const Model& model)
      : scenario_(scenario), files_(files), model_(model) {
    for (std::size_t t = 0; t < model_.tensors.size(); ++t) offsets_.push_back(model_.offset(t));
    for (std::size_t i = 0; i < files_.size(); ++i) {
      layouts_.emplace_back(open(i), model_);
      for (std::size_t row = 0; row < layouts_[i].workers(); ++row) places_.push_back({i, row});
    }
  }

  std::size_t count() const { return places_.size(); }

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    constexpr std::size_t fewest_at_once = 1 << 16;
    const Place place = place_of(worker);
    const DataFile file = open(place.file);
    parallel_ranges(out.size(), threads, fewest_at_once, [&](std::size_t, std::size_t begin, std::size_t end) {
      const std::span<float> range = out.subspan(begin, end - begin);
      layouts_[place.file].read(file, place.row, offsets_.at(tensor) + first + begin, range);
      const auto bad = std::find_if_not(range.begin(), range.end(), [](float x) { return std::isfinite(x); });
      if (bad != range.end())
        refuse(worker, tensor, first + begin + static_cast<std::size_t>(bad - range.begin()), *bad);
    });
  }

  std::string file(int worker) const override { return files_.at(place_of(worker).file); }

  /// Those in which there are nothing but zeros, each once.
  std::vector<std::string> files_of_zeros() const {
    std::set<std::string> seen;
    std::vector<std::string> zeros;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (seen.insert(files_[i]).second && layouts_[i].is_all_zeros(open(i))) zeros.push_back(files_[i]);
    }
    return zeros;
  }

 private:
  struct Place {
    std::size_t file;
    std::size_t row;
  };

  Place place_of(int worker) const { return places_.at(places_.size() == 1 ? 0 : static_cast<std::size_t>(worker)); }

  /// A file is open only while it is read: there may be more workers than files that a process may hold open.
  DataFile open(std::size_t i) const {
    try {
      return DataFile(files_.at(i));
    } catch (const std::runtime_error& error) {
      throw InputError(scenario_, "gradients.files", "cannot open " + files_[i] + ": " + error.what(),
                       "accepted: .npy, .npz or .safetensors files that can be read");
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
  std::vector<std::uint64_t> offsets_;   ///< of every tensor
  std::vector<GradientLayout> layouts_;  ///< of every file
  std::vector<Place> places_;            ///< of every gradient
};

}  // namespace

std::string gradient_file(std::size_t worker) {
  return "worker-" + std::to_string(worker) + ".npy";
}

std::unique_ptr<const Gradients> make_file_gradients(const std::string& scenario, const std::vector<std::string>& files,
                                                     const Model& model) {
  return std::make_unique<FileGradients>(scenario, files, model);
}

GradientFilesSummary look_at_gradient_files(const std::string& scenario, const std::vector<std::string>& files,
                                            const Model& model) {
  const FileGradients gradients(scenario, files, model);
  return {gradients.count(), gradients.files_of_zeros()};
}

}  // namespace simrun
