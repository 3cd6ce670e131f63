#pragma once

#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/system/private_folder.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// Payloads on disk, kept between runs: lists of them by key, at most so many bytes in all. What was not used for the
/// longest time goes first, but nothing that this object has handed out or taken in, and nothing that is not the
/// cache's own. Threads and processes may share a folder: files appear whole, and one that is damaged, of another key
/// or not the user's counts as missing. To fail to write is no error: what is not kept is made again.
class PayloadCache {
 public:
  /// In the folder `below` of `root`, see PrivateFolder; where it cannot be used, nothing is kept.
  PayloadCache(std::string root, std::string below, Bytes most, Bytes most_in_memory = Bytes(0));

  /// Keeps nothing.
  PayloadCache() : most_(0) {}

  /// This user's, of the size in the environment variable SIMRUN_CACHE_SIZE ("20 GB"; "0 B": nothing is kept), by
  /// default 5 GB; 256 MB in memory. Throws InputError if that is no size.
  static PayloadCache of_user();

  /// What was kept under `key`, if it is still there.
  std::optional<std::vector<Payload>> find(const std::string& key);

  /// Payloads with headers and contents. Replaces what was kept under `key`.
  void keep(const std::string& key, std::span<const Payload> payloads);

  /// What users should know: that nothing is kept, and why; that files were made anew. One line each.
  std::vector<std::string> notes() const;

 private:
  bool open_folder();
  bool make_room(double bytes);
  void hold(const std::string& key, std::span<const Payload> payloads);

  std::string root_;
  std::string below_;
  Bytes most_;
  Bytes most_in_memory_{0};
  std::string why_nothing_;                                 ///< is kept, where the user did not ask for it
  mutable std::mutex mutex_;                                ///< of what follows, and of tidying up
  PrivateFolder folder_;                                    ///< opened when it is needed
  std::map<std::string, std::vector<Payload>> held_;        ///< in memory, by key
  double held_bytes_ = 0;                                   ///< of it
  std::set<std::string> used_;                              ///< files
  std::size_t mismatched_ = 0;                              ///< files that were there and not as they should be
  double total_ = std::numeric_limits<double>::infinity();  ///< bytes in the folder when it was listed, and added since
};

}  // namespace simrun
