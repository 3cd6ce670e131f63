#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/text/where.hpp"

namespace simrun {

/// Grey images with labels.
struct Samples {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  ///< image by image, row by row
  std::vector<std::uint8_t> labels;  ///< one an image

  std::size_t size() const { return labels.size(); }
  std::size_t pixels_per_image() const { return height * width; }
};

struct Dataset {
  Samples train;
  Samples test;
  std::size_t classes = 0;         ///< the largest label of `train`, and one
  std::array<float, 256> value{};  ///< of each grey: so that the pixels of `train` have mean 0 and variance 1

  /// Appends the values of image `number` to `out`.
  void append_image(const Samples& samples, std::size_t number, std::vector<float>& out) const;
};

/// The values of greys that give `pixels` mean 0 and variance 1; all 0 where there is but one grey.
std::array<float, 256> normalised(std::span<const std::uint8_t> pixels);

/// Reads the four IDX files of a data set at a place that find_dataset() has found. Throws InputError: files with bad
/// contents in their own name, files that are missing at `where`.
Dataset read_dataset(const std::string& place, const Where& where);

/// The folder that a scenario names, or the prefix of the files in one (dataset_files.hpp): a path, looked up as all
/// its paths are, or the name of a data set that a Debian package has put under /usr/share/datasets. Of both, what lies
/// in `beside`, the scenario's folder, comes first. Throws InputError at `where`.
std::string find_dataset(const std::string& name, const std::string& beside, const Where& where);

}  // namespace simrun
