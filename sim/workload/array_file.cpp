#include "sim/workload/array_file.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "sim/workload/data_file.hpp"
#include "sim/workload/npy.hpp"
#include "sim/workload/safetensors.hpp"
#include "sim/workload/zip_archive.hpp"

namespace simrun {
namespace {

std::vector<FileArray> npz_arrays(const DataFile& file) {
  constexpr std::string_view ending = ".npy";
  std::vector<FileArray> arrays;
  for (const ZipMember& member : zip_members(file)) {
    if (!member.name.ends_with(ending))
      file.refuse(member.name, "is no .npy file", "an archive of .npy files, as numpy.savez writes it");
    arrays.push_back(npy_array(file, member.data, member.name.substr(0, member.name.size() - ending.size())));
  }
  return arrays;
}

std::vector<FileArray> safetensors_arrays(const DataFile& file) {
  constexpr std::pair<std::string_view, ElementType> types[] = {{"F16", ElementType::float16},
                                                                {"BF16", ElementType::bfloat16},
                                                                {"F32", ElementType::float32},
                                                                {"F64", ElementType::float64}};
  std::vector<FileArray> arrays;
  for (const StoredTensor& tensor : safetensors_of(file)) {
    const auto* type =
        std::find_if(std::begin(types), std::end(types), [&](const auto& each) { return each.first == tensor.type; });
    if (type == std::end(types))
      file.refuse("header: " + tensor.name + ".dtype", tensor.type, "F32, F16, BF16 or F64 in a file of gradients");
    arrays.push_back({tensor.name, type->second, tensor.shape, FileSection(tensor.begin, tensor.bytes)});
  }
  return arrays;
}

}  // namespace

std::vector<FileArray> arrays_of(const DataFile& file) {
  if (is_zip_archive(file)) return npz_arrays(file);
  if (is_safetensors(file)) return safetensors_arrays(file);
  return {npy_array(file, FileSection(0, file.size()))};
}

std::string tuple_text(const std::vector<std::uint64_t>& shape) {
  constexpr std::size_t longest = 8;
  std::string text = "(";
  for (std::size_t i = 0; i < std::min(shape.size(), longest); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  if (shape.size() == 1) text += ",";
  return text + (shape.size() > longest ? ", ..)" : ")");
}

}  // namespace simrun
