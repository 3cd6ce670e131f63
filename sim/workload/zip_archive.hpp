#pragma once

#include <string>
#include <vector>

#include "sim/workload/file_section.hpp"

namespace simrun {

class DataFile;

/// A file in a zip archive.
struct ZipMember {
  std::string name;
  FileSection data;
};

/// The members of a zip archive, in the order of its directory; stored or deflated, also of more than 4 GB (zip64).
/// Throws InputError: no zip archive, a directory that is damaged, members that are encrypted, compressed otherwise or
/// of one name. Source: PKWARE's APPNOTE.TXT 6.3.10.
std::vector<ZipMember> zip_members(const DataFile& file);

/// True if the file begins as a zip archive does.
bool is_zip_archive(const DataFile& file);

}  // namespace simrun
