#include "sim/workload/file_section.hpp"

#include "sim/workload/data_file.hpp"
#include "sim/workload/deflated_data.hpp"

namespace simrun {

FileSection FileSection::deflated(std::uint64_t begin, std::uint64_t stored, std::uint64_t size, std::uint32_t crc,
                                  std::string where) {
  FileSection section(0, size);
  section.inflated_ = std::make_shared<const DeflatedData>(
      DeflatedData::Place{.begin = begin, .stored = stored, .size = size, .crc = crc, .where = std::move(where)});
  return section;
}

void FileSection::read(const DataFile& file, std::uint64_t at, std::span<std::byte> out) const {
  if (inflated_) return inflated_->read(file, begin_ + at, out);
  file.read(begin_ + at, out);
}

void FileSection::read_start(const DataFile& file, std::span<std::byte> out) const {
  if (inflated_ && begin_ == 0) return inflated_->read_start(file, out);
  read(file, 0, out);
}

FileSection FileSection::from(std::uint64_t offset) const {
  FileSection rest = *this;
  rest.begin_ += offset;
  rest.size_ -= offset;
  return rest;
}

}  // namespace simrun
