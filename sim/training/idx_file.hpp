#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simrun {

/// An array of bytes from an IDX file.
struct IdxArray {
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> values;  ///< the last dimension runs fastest
};

/// Reads an IDX file of unsigned bytes with that many dimensions, compressed by gzip or not. Throws InputError in the
/// name of the file: anything else, a file that is damaged, too short or too long.
/// Source: the format of the MNIST files: two zero bytes, the type (8: unsigned byte), the number of dimensions, each
/// dimension as a big-endian 32-bit integer, the values.
IdxArray read_idx(const std::string& file, std::size_t dimensions);

}  // namespace simrun
