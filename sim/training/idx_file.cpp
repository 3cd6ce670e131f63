#include "sim/training/idx_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <span>

#include "sim/system/data_path.hpp"
#include "sim/text/error.hpp"

namespace simrun {
namespace {

constexpr const char* accepted_file = "accepted: an IDX file of unsigned bytes, compressed by gzip or not";

/// More is not a data set that fits in memory.
constexpr double most_values = 1e10;

/// A file that zlib reads; it hands on files that are not compressed as they are.
class Source {
 public:
  explicit Source(const std::string& name) : name_(name), file_(nullptr) {
    if (const std::string problem = why_unreadable(name); !problem.empty()) fail("file", problem);
    file_.reset(::gzopen(name.c_str(), "rb"));
    if (!file_) fail("file", "cannot be opened");
    ::gzbuffer(file_.get(), 1 << 17);
  }

  [[noreturn]] void fail(const std::string& path, const std::string& wrong) const {
    throw InputError(name_, path, wrong, accepted_file);
  }

  /// Reads as many bytes as there are, at most all of `out`; returns how many.
  std::size_t read_some(std::span<std::uint8_t> out) {
    const int count = ::gzread(file_.get(), out.data(), static_cast<unsigned>(out.size()));
    int code = Z_OK;
    std::string problem = ::gzerror(file_.get(), &code);
    if (problem.starts_with(name_ + ": ")) problem.erase(0, name_.size() + 2);  // zlib names the file, too
    if (count < 0 || code != Z_OK) fail("gzip", "cannot be read: " + problem);
    return static_cast<std::size_t>(count);
  }

  void read_header(std::span<std::uint8_t> out) {
    if (read_some(out) != out.size()) fail("header", "the file is shorter than a header");
  }

  /// In pieces, so that a header which promises too much costs no memory.
  std::vector<std::uint8_t> read_values(std::size_t count) {
    constexpr std::size_t piece = 1 << 24;
    std::vector<std::uint8_t> values;
    while (values.size() < count) {
      const std::size_t begin = values.size();
      values.resize(std::min(count, begin + piece));
      const std::size_t got = read_some(std::span(values).subspan(begin));
      if (begin + got < values.size())
        fail("values", std::to_string(begin + got) + " values, the header says " + std::to_string(count));
    }
    std::uint8_t more = 0;
    if (read_some({&more, 1}) != 0) fail("values", "more values than the header says, " + std::to_string(count));
    return values;
  }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { ::gzclose(file); }
  };
  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
};

}  // namespace

IdxArray read_idx(const std::string& file, std::size_t dimensions) {
  Source source(file);
  std::uint8_t magic[4];
  source.read_header(magic);
  if (magic[0] != 0 || magic[1] != 0) source.fail("header", "it does not begin as an IDX file does");
  if (magic[2] != 8) source.fail("header", "the type of the values is " + std::to_string(magic[2]) + ", not 8");
  if (magic[3] != dimensions)
    source.fail("header", std::to_string(magic[3]) + " dimensions, not " + std::to_string(dimensions));
  IdxArray array;
  double values = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    std::uint8_t bytes[4];
    source.read_header(bytes);
    array.shape.push_back(std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 |
                          bytes[3]);
    values *= static_cast<double>(array.shape.back());
  }
  if (values == 0) source.fail("header", "there are no values");
  if (values > most_values) source.fail("header", "there are too many values");
  array.values = source.read_values(static_cast<std::size_t>(values));
  return array;
}

}  // namespace simrun
