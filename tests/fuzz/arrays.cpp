// Any bytes as a file of gradients, or as a safetensors file: refused in one line, or one whose arrays read the same in
// pieces as in one.

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <string>
#include <vector>

#include "sim/text/error.hpp"
#include "sim/workload/data_file.hpp"
#include "sim/workload/gradient_file.hpp"
#include "sim/workload/safetensors.hpp"
#include "tests/fuzz/harness.hpp"

namespace simrun {
namespace {

/// A file of these bytes in memory, by name.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : number_(::memfd_create("fuzzed", MFD_CLOEXEC)) {
    require(number_ >= 0 && ::write(number_, data, size) == static_cast<ssize_t>(size), "a file in memory");
  }
  ~MemoryFile() { ::close(number_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(number_); }

 private:
  int number_;
};

/// Bits, since NaN is not equal to itself.
std::vector<std::uint32_t> read_bits(const GradientLayout& layout, const DataFile& file, std::size_t worker,
                                     std::uint64_t first, std::size_t count) {
  std::vector<float> values(count);
  layout.read(file, worker, first, values);
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

void read_gradients(const DataFile& file) {
  const Model model{"m", {{"a", {2, 3}}, {"b", {}}, {"c", {4}}}};
  const GradientLayout layout(file, model);
  layout.is_all_zeros(file);
  for (const std::size_t worker : {std::size_t{0}, layout.workers() - 1}) {
    const std::vector<std::uint32_t> all = read_bits(layout, file, worker, 0, model.elements());
    for (std::uint64_t first = 0; first < all.size(); ++first) {
      const std::size_t count = std::min<std::size_t>(3, all.size() - first);
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
      require(read_bits(layout, file, worker, first, count) ==
                  std::vector(begin, begin + static_cast<std::ptrdiff_t>(count)),
              "pieces are those of the whole");
    }
  }
}

void read_header(const DataFile& file) {
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : safetensors_of(file)) {
    require(end == 0 || tensor.begin == end, "data follow each other");
    end = tensor.begin + tensor.bytes;
  }
  require(end == 0 || end == file.size(), "data end with the file");
}

}  // namespace
}  // namespace simrun

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simrun;
  const MemoryFile memory(data, size);
  const DataFile file(memory.path());
  for (void (*read)(const DataFile&) : {read_gradients, read_header}) {
    try {
      read(file);
    } catch (const InputError& error) {
      require(std::string(error.what()).find('\n') == std::string::npos, "one line");
    }
  }
  return 0;
}
