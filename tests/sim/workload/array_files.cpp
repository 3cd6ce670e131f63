#include "tests/sim/workload/array_files.hpp"

#include "sim/workload/data_file.hpp"
#include "sim/workload/gradient_file.hpp"

namespace simrun {

std::string npy(const std::string& dictionary, const std::string& data, int version) {
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = dictionary.size() + 1;
  while ((start + length) % 64 != 0) ++length;
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(version), 0};
  for (std::size_t i = 8; i < start; ++i) bytes += static_cast<char>(length >> (8 * (i - 8)));
  return bytes + dictionary + std::string(length - dictionary.size() - 1, ' ') + '\n' + data;
}

std::string dictionary(const std::string& descr, const std::string& shape, const std::string& fortran) {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

std::string safetensors(const std::string& header, std::size_t bytes) {
  std::string file = bytes_of(std::vector<std::uint64_t>{header.size()}) + header;
  for (std::size_t i = 0; i < bytes; ++i) file += static_cast<char>(i);
  return file;
}

std::vector<float> read_elements_of(const std::string& path, std::uint64_t elements, std::uint64_t first,
                                    std::size_t count) {
  const DataFile file(path);
  std::vector<float> out(count);
  GradientLayout(file, {"m", {{"a", {elements}}}}).read(file, 0, first, out);
  return out;
}

}  // namespace simrun
