#include "sim/workload/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/text/file_kind.hpp"
#include "sim/workload/data_file.hpp"

namespace simrun {
namespace {

constexpr const char* accepted_types =
    "'<f4', '<f2', '<f8' or '<V2' (little-endian float32, float16, float64, or bfloat16 as ml_dtypes has it)";

/// The header's dictionary, as far as it was read.
struct Header {
  std::string descr;
  std::vector<std::uint64_t> shape;
  bool is_fortran = false;
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
};

/// Reads the header's text, a Python dictionary with three keys in any order.
class HeaderParser {
 public:
  HeaderParser(const DataFile& file, const FileArray& array, std::string_view text)
      : file_(file), array_(array), text_(text) {}

  Header parse() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size() || !header_.has_descr || !header_.has_order || !header_.has_shape) fail();
    return header_;
  }

 private:
  [[noreturn]] void fail() const {
    file_.refuse(array_.where("header"), "not understood from its character " + std::to_string(at_) + " on",
                 "a dictionary of 'descr', 'fortran_order' and 'shape', as numpy.save writes it");
  }

  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

  bool accept(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail();
  }

  bool accept_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string quoted() {
    skip_spaces();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail();
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail();
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(inside);
  }

  void entry() {
    const std::string key = quoted();
    expect(':');
    if (key == "descr") {
      once(header_.has_descr);
      descr();
    } else if (key == "fortran_order") {
      once(header_.has_order);
      header_.is_fortran = accept_word("True");
      if (!header_.is_fortran && !accept_word("False")) fail();
    } else if (key == "shape") {
      once(header_.has_shape);
      shape();
    } else {
      fail();
    }
  }

  void once(bool& has) const {
    if (has) fail();
    has = true;
  }

  void descr() {
    skip_spaces();
    if (text_.substr(at_).starts_with('['))
      file_.refuse(array_.where("header.descr"), "a structured type", accepted_types);
    header_.descr = quoted();
  }

  void shape() {
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc()) fail();
      at_ = static_cast<std::size_t>(end - text_.data());
      header_.shape.push_back(size);
      accept('L');  // as Python 2 wrote large numbers
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  const DataFile& file_;
  const FileArray& array_;
  std::string_view text_;
  std::size_t at_ = 0;
  Header header_;
};

/// '=' stands for the machine's own byte order, which is little-endian.
ElementType npy_type(const DataFile& file, const FileArray& array, const std::string& descr) {
  constexpr std::pair<std::string_view, ElementType> types[] = {
      {"<f4", ElementType::float32},  {"=f4", ElementType::float32},  {"<f2", ElementType::float16},
      {"=f2", ElementType::float16},  {"<f8", ElementType::float64},  {"=f8", ElementType::float64},
      {"<V2", ElementType::bfloat16}, {"|V2", ElementType::bfloat16}, {"bfloat16", ElementType::bfloat16}};
  for (const auto& [name, type] : types) {
    if (descr == name) return type;
  }
  file.refuse(array.where("header.descr"), "'" + descr.substr(0, 40) + "'", accepted_types);
}

[[noreturn]] void refuse_no_npy(const DataFile& file, const FileArray& array, std::span<const std::byte> start) {
  if (array.name.empty() && !is_npy(start)) refuse_other_kind(file.path(), "file", "file of gradients");
  file.refuse(array.where("header"), "not a NumPy file", "a .npy, .npz or .safetensors file");
}

/// The header's text, and where the data begin.
std::pair<std::string, std::uint64_t> header_text(const DataFile& file, const FileArray& array,
                                                  const FileSection& section) {
  std::array<std::byte, 12> start{};
  section.read_start(file, std::span(start).first(std::min<std::uint64_t>(start.size(), section.size())));
  if (section.size() < 10 || !is_npy(start)) refuse_no_npy(file, array, start);
  const auto major = std::to_integer<int>(start[6]), minor = std::to_integer<int>(start[7]);
  if (major < 1 || major > 3 || minor != 0)
    file.refuse(array.where("header"), "format " + std::to_string(major) + "." + std::to_string(minor),
                "format 1.0, 2.0 or 3.0");
  const std::uint64_t begin = major == 1 ? 10 : 12;
  const std::uint64_t length = little_endian(std::span(start).subspan(8, begin - 8));
  constexpr std::uint64_t longest = 1 << 20;
  if (length > longest || begin + length > section.size())
    file.refuse(array.where("header"),
                std::to_string(length) + " bytes long in a file of " + std::to_string(section.size()),
                "at most " + std::to_string(longest) + " bytes, within the file");
  std::string text(begin + length, '\0');
  section.read_start(file, std::as_writable_bytes(std::span(text)));
  return {text.substr(begin), begin + length};
}

}  // namespace

bool is_npy(std::span<const std::byte> start) {
  constexpr std::string_view magic = "\x93NUMPY";
  return start.size() >= magic.size() && std::memcmp(start.data(), magic.data(), magic.size()) == 0;
}

std::string npy_of(std::span<const float> values) {
  constexpr std::size_t preamble = 10;  // magic, version, size of the header
  constexpr std::size_t alignment = 64;
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(values.size()) + ",), }";
  header.append(alignment - 1 - (preamble + header.size()) % alignment, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() % 256);
  file += static_cast<char>(header.size() / 256);
  file += header;
  const auto bytes = std::as_bytes(values);
  return file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

FileArray npy_array(const DataFile& file, const FileSection& section, std::string name) {
  FileArray array;
  array.name = std::move(name);
  const auto [text, begin] = header_text(file, array, section);
  const Header header = HeaderParser(file, array, text).parse();
  array.type = npy_type(file, array, header.descr);
  const auto lengths = std::count_if(header.shape.begin(), header.shape.end(), [](auto length) { return length > 1; });
  if (header.is_fortran && lengths > 1)
    file.refuse(array.where("header.fortran_order"), "True with shape " + tuple_text(header.shape),
                "False: numpy.ascontiguousarray before it is saved");
  array.shape = header.shape;
  array.data = section.from(begin);
  return array;
}

}  // namespace simrun
