#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simrun {

class DataFile;

/// A tensor as the header of a safetensors file has it.
struct StoredTensor {
  std::string name;
  std::string type;  ///< "F32"
  std::vector<std::uint64_t> shape;
  std::uint64_t begin;  ///< of its data in the file
  std::uint64_t bytes;
};

/// The tensors of a safetensors file in the order of their data; its header alone is read. Throws InputError: a header
/// that does not fit the file, is no JSON or has a key twice; unknown types, sizes that do not fit, data that overlap
/// or leave holes. Source: the format's description at https://github.com/huggingface/safetensors.
std::vector<StoredTensor> safetensors_of(const DataFile& file);

/// True for types of floating-point numbers ("F32", "BF16", "F8_E4M3").
bool is_floating_point(std::string_view type);

/// True if the file begins as a safetensors file does: a length that is no more than a header's, and an object.
bool is_safetensors(const DataFile& file);

}  // namespace simrun
