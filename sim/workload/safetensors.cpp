#include "sim/workload/safetensors.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/workload/data_file.hpp"

namespace simrun {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t longest_header = 16'000'000;
constexpr const char* sound_file = "a safetensors file that is whole";

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 21> bits_of_types = {
    {{"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6},     {"F6_E3M2", 6},     {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8},
     {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16}, {"U16", 16}, {"F16", 16},
     {"BF16", 16},   {"I32", 32},    {"U32", 32},        {"F32", 32},        {"C64", 64}, {"F64", 64}, {"I64", 64}}};

/// The length that the file says, where it fits.
std::uint64_t header_length(const DataFile& file) {
  std::array<std::byte, length_bytes> bytes{};
  if (file.size() < bytes.size())
    file.refuse("header", "the file has " + std::to_string(file.size()) + " bytes", sound_file);
  file.read(0, bytes);
  const std::uint64_t length = little_endian(bytes);
  if (length > longest_header || length > file.size() - length_bytes)
    file.refuse("header", std::to_string(length) + " bytes long in a file of " + std::to_string(file.size()),
                "at most " + std::to_string(longest_header / 1'000'000) + " MB, within the file");
  return length;
}

Json header_of(const DataFile& file, std::uint64_t length) {
  std::string text(length, '\0');
  file.read(length_bytes, std::as_writable_bytes(std::span(text)));
  if (!text.starts_with('{')) file.refuse("header", "does not begin with {", sound_file);
  try {
    return parse_json(file.path(), text);
  } catch (const InputError& error) {
    throw error.at("header: " + error.path());
  }
}

/// Reads the entry of one tensor.
class TensorEntry {
 public:
  TensorEntry(const DataFile& file, const std::string& name, const Json& entry)
      : file_(file), name_(name), entry_(entry) {}

  /// With offsets as the header has them.
  StoredTensor read() const {
    if (!entry_.is_object()) refuse("", "is " + brief(entry_), "an object with dtype, shape and data_offsets");
    StoredTensor tensor{.name = name_, .type = type(), .shape = whole_numbers("shape"), .begin = 0, .bytes = 0};
    const std::vector<std::uint64_t> offsets = whole_numbers("data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      refuse("data_offsets", "are " + brief(entry_["data_offsets"]), "two numbers, of begin and end");
    tensor.begin = offsets[0];
    tensor.bytes = offsets[1] - offsets[0];
    const std::uint64_t wanted = bytes_of(tensor);
    if (tensor.bytes != wanted)
      refuse("data_offsets", std::to_string(tensor.bytes) + " bytes",
             std::to_string(wanted) + ", what dtype and shape say");
    return tensor;
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& wrong, const std::string& accepted) const {
    file_.refuse("header: " + name_ + (key.empty() ? "" : "." + key), wrong, accepted);
  }

  const Json& at(const char* key) const {
    const auto found = entry_.find(key);
    if (found == entry_.end()) refuse(key, "is missing", "an object with dtype, shape and data_offsets");
    return *found;
  }

  static std::uint64_t bits_of(std::string_view type) {
    const auto* known =
        std::find_if(bits_of_types.begin(), bits_of_types.end(), [&](const auto& each) { return each.first == type; });
    return known == bits_of_types.end() ? 0 : known->second;
  }

  std::string type() const {
    const Json& type = at("dtype");
    if (!type.is_string() || bits_of(type.get_ref<const std::string&>()) == 0)
      refuse("dtype", "is " + brief(type), "a type of safetensors, such as \"F32\", \"F16\" or \"BF16\"");
    return type.get<std::string>();
  }

  std::vector<std::uint64_t> whole_numbers(const char* key) const {
    const Json& list = at(key);
    const bool is_list = list.is_array() && std::all_of(list.begin(), list.end(),
                                                        [](const Json& value) { return value.is_number_unsigned(); });
    if (!is_list) refuse(key, "is " + brief(list), "a list of whole numbers");
    return list.get<std::vector<std::uint64_t>>();
  }

  std::uint64_t bytes_of(const StoredTensor& tensor) const {
    std::uint64_t bits = bits_of(tensor.type);
    for (const std::uint64_t dimension : tensor.shape) {
      if (dimension != 0 && bits > std::numeric_limits<std::uint64_t>::max() / dimension)
        refuse("shape", "is " + brief(entry_["shape"]), "fewer elements than 64 bits can count");
      bits *= dimension;
    }
    if (bits % 8 != 0) refuse("shape", "ends within a byte", "whole bytes");
    return bits / 8;
  }

  const DataFile& file_;
  const std::string& name_;
  const Json& entry_;
};

/// Data follow each other and end with the file.
void check_data(const DataFile& file, const std::vector<StoredTensor>& tensors, std::uint64_t size) {
  std::uint64_t end = 0;
  for (const StoredTensor& tensor : tensors) {
    if (tensor.begin != end)
      file.refuse("header: " + tensor.name + ".data_offsets",
                  "begin at " + std::to_string(tensor.begin) + ", what is before them ends at " + std::to_string(end),
                  "data that follow each other");
    end = tensor.begin + tensor.bytes;
  }
  if (end != size)
    file.refuse("data", std::to_string(size) + " bytes", std::to_string(end) + " bytes, what the header says");
}

}  // namespace

std::vector<StoredTensor> safetensors_of(const DataFile& file) {
  const std::uint64_t length = header_length(file);
  const Json header = header_of(file, length);
  std::vector<StoredTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") tensors.push_back(TensorEntry(file, name, entry).read());
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.begin, a.bytes) < std::pair(b.begin, b.bytes);
  });
  check_data(file, tensors, file.size() - length_bytes - length);
  for (StoredTensor& tensor : tensors) tensor.begin += length_bytes + length;
  return tensors;
}

bool is_floating_point(std::string_view type) {
  return type.starts_with('F') || type == "BF16";
}

bool is_safetensors(const DataFile& file) {
  std::array<std::byte, length_bytes + 1> start{};
  if (file.size() < start.size()) return false;
  file.read(0, start);
  constexpr std::uint64_t most = 0xFFFFFFFF;
  return start.back() == std::byte{'{'} && little_endian(std::span(start).first(length_bytes)) <= most;
}

}  // namespace simrun
