#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "sim/workload/array_file.hpp"

namespace simrun {

/// The contents of a NumPy file of a one-dimensional array of float32, as numpy.save writes it (format 1.0).
std::string npy_of(std::span<const float> values);

/// True if bytes begin as a NumPy file does.
bool is_npy(std::span<const std::byte> start);

/// The array of a NumPy file (.npy, format 1.0 to 3.0) that lies in a section of a file, of little-endian float16,
/// bfloat16, float32 or float64. Whether its data have the size that its shape says is not checked. Throws InputError;
/// messages call the array `name`, if it has one.
FileArray npy_array(const DataFile& file, const FileSection& section, std::string name = {});

}  // namespace simrun
