#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace simrun {

/// A whole .npy file: the header padded with spaces to a multiple of 64, as numpy.save does, then the data.
std::string npy(const std::string& dictionary, const std::string& data, int version = 1);

/// The header's dictionary.
std::string dictionary(const std::string& descr, const std::string& shape, const std::string& fortran = "False");

/// A whole safetensors file of this header and so many bytes of data, 0, 1, 2, ...
std::string safetensors(const std::string& header, std::size_t bytes);

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// Elements of the first worker's gradient in a file for a model of one tensor `a` of `elements`.
std::vector<float> read_elements_of(const std::string& path, std::uint64_t elements, std::uint64_t first,
                                    std::size_t count);

}  // namespace simrun
