#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/training/dataset.hpp"
#include "tests/sim/program.hpp"

namespace simrun {

/// The bytes of an IDX file.
std::string idx_bytes(const std::vector<std::uint32_t>& shape, const std::vector<std::uint8_t>& values);

/// The same as gzip writes it.
std::string gzipped(const std::string& bytes);

/// Images of 12 by 12 pixels in which each of four classes has a bright quarter, with noise: easy, but not at once.
Samples made_images(std::size_t count, std::uint32_t seed);
Dataset made_dataset();

/// Writes a data set of such images to the folder `images` in `folder`.
void write_images(const TemporaryFolder& folder);

}  // namespace simrun
