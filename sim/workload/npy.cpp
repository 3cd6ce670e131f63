#include "sim/workload/npy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

#include "sim/text/error.hpp"

namespace simrun {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are read as they lie in the file");

/// Throws what is wrong with the part `where` of the file `path`.
[[noreturn]] void refuse(const std::string& path, const char* where, const std::string& wrong,
                         const std::string& accepted) {
  throw InputError(path, where, wrong, "accepted: " + accepted);
}

/// The header's dictionary, as far as it was read.
struct Header {
  std::string descr;
  std::vector<std::uint64_t> shape;
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
};

/// Reads the header's text, a Python dictionary with three keys in any order.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

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
    refuse(path_, "header", "not understood from its character " + std::to_string(at_) + " on",
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
      if (!accept_word("True") && !accept_word("False")) fail();  // one dimension has one order
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
    if (text_.substr(at_).starts_with('[')) refuse(path_, "header.descr", "a structured type", "'<f4' or '<f2'");
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

  const std::string& path_;
  std::string_view text_;
  std::size_t at_ = 0;
  Header header_;
};

/// As Python writes it; long ones are cut.
std::string tuple(const std::vector<std::uint64_t>& shape) {
  constexpr std::size_t longest = 8;
  std::string text = "(";
  for (std::size_t i = 0; i < std::min(shape.size(), longest); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  if (shape.size() == 1) text += ",";
  return text + (shape.size() > longest ? ", ..)" : ")");
}

/// Bytes of an element. '=' stands for the machine's own byte order, which is little-endian.
std::uint64_t element_size(const std::string& path, const std::string& descr) {
  if (descr == "<f4" || descr == "=f4") return 4;
  if (descr == "<f2" || descr == "=f2") return 2;
  refuse(path, "header.descr", "'" + descr.substr(0, 40) + "'", "'<f4' or '<f2' (little-endian float32 or float16)");
}

int open_npy(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not make us wait
  if (descriptor < 0) throw std::system_error(errno, std::generic_category());
  struct stat about {};
  int error = fstat(descriptor, &about) < 0 ? errno : 0;
  if (error == 0 && S_ISDIR(about.st_mode)) error = EISDIR;
  if (error == 0 && S_ISREG(about.st_mode)) return descriptor;
  close(descriptor);
  if (error == 0) throw std::runtime_error("not a regular file");
  throw std::system_error(error, std::generic_category());
}

}  // namespace

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

NpyFile::NpyFile(const std::string& path, std::uint64_t elements)
    : path_(path), descriptor_(open_npy(path)), elements_(elements) {
  try {
    struct stat about {};
    if (fstat(descriptor_, &about) < 0) throw std::system_error(errno, std::generic_category());
    read_header(static_cast<std::uint64_t>(about.st_size), elements);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

NpyFile::~NpyFile() {
  close(descriptor_);
}

std::string NpyFile::read_header_text(std::uint64_t file_size) {
  constexpr std::string_view magic = "\x93NUMPY";
  std::array<char, 12> start{};
  read_bytes(0, std::as_writable_bytes(std::span(start)).first(std::min<std::uint64_t>(start.size(), file_size)));
  const auto byte = [&start](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(start[i])}; };
  if (file_size < 10 || !std::string_view(start.data(), start.size()).starts_with(magic)) {
    refuse(path_, "header", "not a NumPy file", "a .npy file");
  }
  const std::uint64_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0) {
    refuse(path_, "header", "format " + std::to_string(major) + "." + std::to_string(minor), "format 1.0, 2.0 or 3.0");
  }
  const std::uint64_t begin = major == 1 ? 10 : 12;
  const std::uint64_t length = byte(8) + (byte(9) << 8) + (major == 1 ? 0 : (byte(10) << 16) + (byte(11) << 24));
  constexpr std::uint64_t longest = 1 << 20;
  if (length > longest || begin + length > file_size) {
    refuse(path_, "header", std::to_string(length) + " bytes long in a file of " + std::to_string(file_size),
           "at most " + std::to_string(longest) + " bytes, within the file");
  }
  std::string text(length, '\0');
  read_bytes(begin, std::as_writable_bytes(std::span(text)));
  data_begin_ = begin + length;
  return text;
}

void NpyFile::read_header(std::uint64_t file_size, std::uint64_t elements) {
  const std::string text = read_header_text(file_size);
  const Header header = HeaderParser(path_, text).parse();
  element_size_ = element_size(path_, header.descr);
  if (header.shape != std::vector{elements}) {
    refuse(path_, "header.shape", tuple(header.shape), tuple({elements}) + ", the model's parameters");
  }
  const std::uint64_t size = file_size - data_begin_;
  if (size != elements * element_size_) {
    refuse(path_, "data", std::to_string(size) + " bytes", std::to_string(elements * element_size_) + " bytes");
  }
}

void NpyFile::read(std::uint64_t first, std::span<float> out) const {
  const std::uint64_t at = data_begin_ + first * element_size_;
  if (element_size_ == sizeof(float)) return read_bytes(at, std::as_writable_bytes(out));
  std::array<std::uint16_t, 8192> halves;
  for (std::size_t begin = 0; begin < out.size(); begin += halves.size()) {
    const auto piece = std::span(halves).first(std::min(halves.size(), out.size() - begin));
    read_bytes(at + begin * element_size_, std::as_writable_bytes(piece));
    std::transform(piece.begin(), piece.end(), out.begin() + static_cast<std::ptrdiff_t>(begin),
                   [](std::uint16_t bits) { return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits)); });
  }
}

bool NpyFile::is_all_zeros() const {
  std::vector<float> piece;
  for (std::uint64_t first = 0; first < elements_; first += piece.size()) {
    piece.resize(std::min<std::uint64_t>(std::uint64_t{1} << 16, elements_ - first));
    read(first, piece);
    if (std::any_of(piece.begin(), piece.end(), [](float x) { return x != 0; })) return false;
  }
  return true;
}

void NpyFile::read_bytes(std::uint64_t at, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t n = pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      refuse(path_, "data", "cannot be read: " + std::generic_category().message(errno), "a readable .npy file");
    if (n == 0)
      refuse(path_, "data", "ends at byte " + std::to_string(at), "a file that does not change while it is read");
    out = out.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

}  // namespace simrun
