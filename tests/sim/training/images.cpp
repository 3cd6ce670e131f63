#include "tests/sim/training/images.hpp"

#include <zlib.h>

#include <filesystem>
#include <random>

#include "tests/sim/deflated.hpp"

namespace simrun {

std::string idx_bytes(const std::vector<std::uint32_t>& shape, const std::vector<std::uint8_t>& values) {
  std::string bytes = {0, 0, 8, static_cast<char>(shape.size())};
  for (const std::uint32_t dimension : shape) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(dimension >> shift);
  }
  for (const std::uint8_t value : values) bytes += static_cast<char>(value);
  return bytes;
}

std::string gzipped(const std::string& bytes) {
  return deflated(bytes, Z_BEST_SPEED, 15 + 16);
}

Samples made_images(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  Samples samples{.height = 12, .width = 12, .pixels = {}, .labels = {}};
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint8_t>(random() % 4);
    samples.labels.push_back(label);
    for (unsigned y = 0; y < 12; ++y) {
      for (unsigned x = 0; x < 12; ++x) {
        const bool bright = y / 6 == label / 2U && x / 6 == label % 2U;
        samples.pixels.push_back(static_cast<std::uint8_t>(random() % 156 + (bright ? 100 : 0)));
      }
    }
  }
  return samples;
}

Dataset made_dataset() {
  Dataset data{.train = made_images(400, 1), .test = made_images(100, 2), .classes = 4, .value = {}};
  data.value = normalised(data.train.pixels);
  return data;
}

void write_images(const TemporaryFolder& folder) {
  std::filesystem::create_directory(folder.path() + "/images");
  const Dataset data = made_dataset();
  const auto write = [&](const std::string& which, const Samples& samples) {
    const auto count = static_cast<std::uint32_t>(samples.size());
    folder.write("images/" + which + "-images-idx3-ubyte.gz", gzipped(idx_bytes({count, 12, 12}, samples.pixels)));
    folder.write("images/" + which + "-labels-idx1-ubyte", idx_bytes({count}, samples.labels));
  };
  write("train", data.train);
  write("t10k", data.test);
}

}  // namespace simrun
