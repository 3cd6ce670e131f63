#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/calibration/calibration_target.hpp"
#include "sim/devices/cost_table.hpp"
#include "sim/devices/operations.hpp"

namespace simrun {

/// What the grid of a calibration depends on.
struct GridOptions {
  std::uint64_t most_elements = 1 << 25;
  std::vector<std::uint64_t> sizes;  ///< numbers of elements to have points at, the important ones first
  bool quick = false;                ///< a coarse grid, without the sizes
  std::vector<MeasuredOperation> operations = simrun_operations();
};

/// The axes of an operation. Elements: 1, 64 and powers of 4 (quick: of 16) from 1024 to `most_elements`, and, but for
/// codecs, those of `sizes` that are more than 1.25 times away from one before them, in place of powers that are not.
/// Entries: powers of 4 (quick: of 32) to a sixteenth of the most elements. Density: 1e-4 to 1, and 4 where it is of
/// payloads together; none where no byte is moved for an entry. Parts: powers of 2 (quick: of 8) to 64.
std::vector<CostTable::GridAxis> calibration_axes(const OperationEntry& operation, const GridOptions& options);

/// The numbers of elements of a folder's models, then those of their tensors of at least a million, each descending.
std::vector<std::uint64_t> sizes_of_models(const std::string& folder);

}  // namespace simrun
