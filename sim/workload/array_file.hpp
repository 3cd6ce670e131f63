#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/element_type.hpp"
#include "sim/workload/file_section.hpp"

namespace simrun {

class DataFile;

/// An array in a file, its last dimension running fastest.
struct FileArray {
  std::string name;  ///< empty in a .npy file
  ElementType type = ElementType::float32;
  std::vector<std::uint64_t> shape;
  FileSection data;

  std::string where(const std::string& part) const { return name.empty() ? part : name + ": " + part; }
};

/// The arrays of a file of any kind that gradients are read from, known by how it begins: one of a NumPy file (.npy),
/// those of a .npz archive, in its order, or those of a safetensors file, in the order of their data. Reads headers
/// alone. Throws InputError of the file itself.
std::vector<FileArray> arrays_of(const DataFile& file);

/// As Python writes it; long ones are cut.
std::string tuple_text(const std::vector<std::uint64_t>& shape);

}  // namespace simrun
