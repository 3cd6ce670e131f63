#include "sim/training/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "sim/system/data_path.hpp"
#include "sim/text/json.hpp"
#include "sim/training/dataset_files.hpp"
#include "sim/training/idx_file.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

constexpr const char* packaged = "/usr/share/datasets";
constexpr const char* accepted_folder = "accepted: a folder of IDX files as MNIST has them, or the name of one under ";

Samples read_samples(const std::string& images_file, const std::string& labels_file) {
  IdxArray images = read_idx(images_file, 3);
  IdxArray labels = read_idx(labels_file, 1);
  if (images.shape[0] != labels.shape[0])
    throw InputError(labels_file, "header",
                     std::to_string(labels.shape[0]) + " labels for " + std::to_string(images.shape[0]) + " images",
                     "accepted: one an image of " + images_file);
  return {images.shape[1], images.shape[2], std::move(images.values), std::move(labels.values)};
}

}  // namespace

void Dataset::append_image(const Samples& samples, std::size_t number, std::vector<float>& out) const {
  const std::size_t size = samples.pixels_per_image();
  const auto image = std::span(samples.pixels).subspan(number * size, size);
  std::transform(image.begin(), image.end(), std::back_inserter(out), [&](std::uint8_t grey) { return value[grey]; });
}

std::array<float, 256> normalised(std::span<const std::uint8_t> pixels) {
  std::array<double, 256> counts{};
  for (const std::uint8_t grey : pixels) ++counts[grey];
  const double n = static_cast<double>(pixels.size());
  double mean = 0;
  double square = 0;
  for (std::size_t grey = 0; grey < counts.size(); ++grey) {
    const double x = static_cast<double>(grey);
    mean += counts[grey] / n * x;
    square += counts[grey] / n * x * x;
  }
  const double deviation = std::sqrt(square - mean * mean);
  std::array<float, 256> values{};
  if (!(deviation > 0)) return values;
  for (std::size_t grey = 0; grey < values.size(); ++grey)
    values[grey] = static_cast<float>((static_cast<double>(grey) - mean) / deviation);
  return values;
}

Dataset read_dataset(const std::string& place, const Where& where) {
  const DatasetFiles files = find_dataset_files(place, where);
  Dataset data;
  data.train = read_samples(files.train_images, files.train_labels);
  data.test = read_samples(files.test_images, files.test_labels);
  if (data.train.height != data.test.height || data.train.width != data.test.width)
    where.fail("images to train and to test differ in size in " + place, "accepted: images of one size");
  data.classes = std::size_t{*std::max_element(data.train.labels.begin(), data.train.labels.end())} + 1;
  if (*std::max_element(data.test.labels.begin(), data.test.labels.end()) >= data.classes)
    where.fail("labels to test that none to train has in " + place, "accepted: the same labels in both");
  data.value = normalised(data.train.pixels);
  return data;
}

std::string find_dataset(const std::string& name, const std::string& beside, const Where& where) {
  const bool is_word = name.find('/') == std::string::npos;
  std::vector<fs::path> folders = {beside.empty() ? "." : beside};
  if (is_word) folders.emplace_back(packaged);
  folders.insert(folders.end(), {".", data_root()});
  for (const fs::path& folder : folders) {
    const std::string place = (folder / name).lexically_normal().string();
    if (is_dataset_place(place)) return place;
  }
  where.fail("there is no data set " + brief(name),
             accepted_folder + std::string(packaged) + " (fashion-mnist: Debian's package dataset-fashion-mnist)");
}

}  // namespace simrun
