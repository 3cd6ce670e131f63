#pragma once

#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/units.hpp"

namespace simrun {

/// Payloads on disk, kept between runs: lists of them by key, at most so many bytes in all. What was not used for the
/// longest time goes first, but nothing that this object has handed out or taken in. Threads and processes may share a
/// folder: files appear whole, and one that is damaged counts as missing. To fail to write is no error: what is not
/// kept is made again.
class PayloadCache {
 public:
  PayloadCache(std::string folder, Bytes most);

  /// This user's, of the size in the environment variable SIMRUN_CACHE_SIZE ("20 GB"; "0 B": nothing is kept), by
  /// default 5 GB. Throws InputError if that is no size.
  static PayloadCache of_user();

  /// What was kept under `key`, if it is still there.
  std::optional<std::vector<Payload>> find(const std::string& key);

  /// Payloads with headers and contents. Replaces what was kept under `key`.
  void keep(const std::string& key, std::span<const Payload> payloads);

 private:
  std::string file_of(const std::string& key) const;
  bool make_room(double bytes);

  std::string folder_;
  Bytes most_;
  std::mutex mutex_;                                        ///< of what follows, and of tidying up
  std::set<std::string> used_;                              ///< files
  double total_ = std::numeric_limits<double>::infinity();  ///< bytes in the folder when it was listed, and added since
};

}  // namespace simrun
