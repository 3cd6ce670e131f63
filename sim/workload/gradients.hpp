#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/precision.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// Where workers' gradients come from. Safe to use from several threads at once.
class Gradients {
 public:
  virtual ~Gradients() = default;

  /// A part of a tensor begins at a multiple of so many elements.
  static constexpr std::size_t grain = 256;

  /// Writes the elements of worker `worker`'s gradient of tensor `tensor` from `first` (a multiple of `grain`) on to
  /// `out`, with at most `threads` threads. The result depends on neither the number of threads nor on the number of
  /// workers.
  virtual void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                         std::span<float> out) const = 0;

  /// The same for a whole tensor, whose size `out` has.
  void fill(int worker, std::size_t tensor, unsigned threads, std::span<float> out) const {
    fill_part(worker, tensor, 0, threads, out);
  }

  /// The file that worker's gradient is read from, for messages; empty if it is none.
  virtual std::string file(int /*worker*/) const { return {}; }
};

/// g = s_t (sqrt(a) c + sqrt(1 - a) e_w): c is common to all workers, e_w is the worker's own; both are independent
/// from element to element, of mean 0 and variance 1 and of the named distribution. a is the `agreement`, the share of
/// variance common to all workers (the correlation of two workers' gradients). The scale s_t = exp(scale_spread z_t) of
/// a tensor has one normal z_t a tensor. Random numbers: Philox4x32-10 (Salmon et al., SC 2011), keyed by (seed,
/// worker, tensor) and counted by element.
struct SyntheticGradients {
  enum class Distribution { normal, laplace, student_t };
  Distribution distribution = Distribution::laplace;
  double agreement = 0.3;
  double scale_spread = 0;
  double degrees_of_freedom = 4;  ///< of student_t; > 2, so that the variance exists
  std::uint64_t seed = 1;
};
std::unique_ptr<const Gradients> make_synthetic_gradients(const SyntheticGradients& options, const Model& model);

/// Gradients from files, as many as they hold in their order, or one for all workers. A file (.npy, .npz or
/// safetensors) holds little-endian float16, bfloat16, float32 or float64: one array of shape (N,), tensors in forward
/// order, or (M, N) of M workers; or an array for each tensor, by its name and of its shape or flat. Opens every file
/// and checks its header at once; throws InputError: a file that cannot be opened is the mistake of `scenario` at
/// `gradients.files`, one with bad contents its own.
std::unique_ptr<const Gradients> make_file_gradients(const std::string& scenario, const std::vector<std::string>& files,
                                                     const Model& model);

/// What is known of these files before any gradient is encoded.
struct GradientFilesSummary {
  std::size_t gradients;           ///< how many they hold
  std::vector<std::string> zeros;  ///< files of nothing but zeros, each once
};
GradientFilesSummary look_at_gradient_files(const std::string& scenario, const std::vector<std::string>& files,
                                            const Model& model);

/// The same gradients, each element rounded to `precision`. The model, whose tensors messages name, outlives them.
std::unique_ptr<const Gradients> rounded(std::unique_ptr<const Gradients> gradients, Precision precision,
                                         const Model& model);

/// Where simrun train saves a worker's gradient, in a folder of its own for each round: worker-W.npy.
std::string gradient_file(std::size_t worker);

}  // namespace simrun
