#include "sim/workload/gradient_file.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace simrun {

GradientLayout::GradientLayout(const DataFile& file, const Model& model) : elements_(model.elements()) {
  std::vector<FileArray> arrays = arrays_of(file);
  const auto is_tensor = [&](const FileArray& array) {
    return std::any_of(model.tensors.begin(), model.tensors.end(),
                       [&](const Tensor& tensor) { return tensor.name == array.name; });
  };
  if (arrays.size() == 1 && !is_tensor(arrays.front())) {
    take_whole(file, std::move(arrays.front()));
  } else {
    take_tensors(file, model, std::move(arrays));
  }
}

void GradientLayout::take_whole(const DataFile& file, FileArray array) {
  constexpr std::uint64_t most_workers = 65536;
  const std::vector<std::uint64_t> shape = array.shape;
  const bool has_rows = shape.size() == 2;
  const bool fits = !shape.empty() && shape.back() == elements_ && shape.size() <= 2;
  if (!fits || (has_rows && (shape[0] == 0 || shape[0] > most_workers)))
    file.refuse(array.where("header.shape"), tuple_text(shape),
                tuple_text({elements_}) + ", the model's parameters, or " + "(M, " + std::to_string(elements_) +
                    ") of M workers");
  if (has_rows) workers_ = static_cast<std::size_t>(shape[0]);
  add(file, 0, elements_, std::move(array));
}

void GradientLayout::take_tensors(const DataFile& file, const Model& model, std::vector<FileArray> arrays) {
  std::map<std::string, FileArray> by_name;
  for (FileArray& array : arrays) by_name.emplace(array.name, std::move(array));
  std::uint64_t first = 0;
  for (const Tensor& tensor : model.tensors) {
    auto found = by_name.extract(tensor.name);
    if (found.empty())
      file.refuse(tensor.name, "is missing",
                  "one array of all " + std::to_string(elements_) + " parameters, or one for each tensor of the model");
    const std::uint64_t elements = tensor.elements();
    const std::vector<std::uint64_t>& shape = found.mapped().shape;
    if (shape != tensor.shape && shape != std::vector{elements})
      file.refuse(tensor.name + ": header.shape", tuple_text(shape),
                  tuple_text(tensor.shape) + ", the tensor's shape in the model, or " + tuple_text({elements}));
    add(file, first, elements, std::move(found.mapped()));
    first += elements;
  }
  if (!by_name.empty())
    file.refuse(by_name.begin()->first, "is no tensor of the model", "arrays of the model's tensors alone");
}

void GradientLayout::add(const DataFile& file, std::uint64_t first, std::uint64_t elements, FileArray array) {
  const std::uint64_t bytes = workers_ * elements * size_of(array.type);
  if (array.data.size() != bytes)
    file.refuse(array.where("data"), std::to_string(array.data.size()) + " bytes", std::to_string(bytes) + " bytes");
  parts_.push_back({first, elements, std::move(array)});
}

void GradientLayout::read(const DataFile& file, std::size_t worker, std::uint64_t first, std::span<float> out) const {
  auto part = std::upper_bound(parts_.begin(), parts_.end(), first,
                               [](std::uint64_t wanted, const Part& each) { return wanted < each.first; });
  for (--part; !out.empty(); ++part) {
    const std::uint64_t begin = first - part->first;
    const std::size_t count = std::min<std::uint64_t>(out.size(), part->elements - begin);
    const std::uint64_t at = (worker * part->elements + begin) * size_of(part->array.type);
    read_elements(part->array.type, out.first(count), [&](std::uint64_t offset, std::span<std::byte> bytes) {
      part->array.data.read(file, at + offset, bytes);
    });
    out = out.subspan(count);
    first += count;
  }
}

bool GradientLayout::is_all_zeros(const DataFile& file) const {
  std::vector<float> piece;
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    for (std::uint64_t first = 0; first < elements_; first += piece.size()) {
      piece.resize(std::min<std::uint64_t>(std::uint64_t{1} << 20, elements_ - first));
      read(file, worker, first, piece);
      if (std::any_of(piece.begin(), piece.end(), [](float x) { return x != 0; })) return false;
    }
  }
  return true;
}

}  // namespace simrun
