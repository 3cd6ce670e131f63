#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/workload/array_file.hpp"
#include "sim/workload/data_file.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// Where the gradients of a model lie in a file: those of one worker or of several. The file may be closed and opened
/// again between two reads.
class GradientLayout {
 public:
  /// Looks at the headers of `file`. It has either one array, of shape (N,) or (M, N) for M workers, tensors in forward
  /// order, or an array for each tensor, by its name and of its shape or flat. Throws InputError of the file itself.
  GradientLayout(const DataFile& file, const Model& model);

  /// M; 1 where the file has one gradient.
  std::size_t workers() const { return workers_; }

  /// Reads elements of a worker's gradient, from `first` of all N on. Safe to use from several threads at once. Throws
  /// InputError.
  void read(const DataFile& file, std::size_t worker, std::uint64_t first, std::span<float> out) const;

  /// True if no element of any worker is anything but 0. Reads no further than to the first that is. Throws InputError.
  bool is_all_zeros(const DataFile& file) const;

 private:
  /// An array, and the first of the N elements that it has.
  struct Part {
    std::uint64_t first;
    std::uint64_t elements;
    FileArray array;
  };

  void take_whole(const DataFile& file, FileArray array);
  void take_tensors(const DataFile& file, const Model& model, std::vector<FileArray> arrays);
  void add(const DataFile& file, std::uint64_t first, std::uint64_t elements, FileArray array);

  std::uint64_t elements_;
  std::size_t workers_ = 1;
  std::vector<Part> parts_;
};

}  // namespace simrun
