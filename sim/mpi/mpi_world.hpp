#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/network/transport.hpp"
#include "sim/text/error.hpp"

namespace simrun {

/// True if a launcher of MPI programs (mpirun, srun) has started this process.
bool is_launched_by_mpi();

/// All processes that mpirun started. MPI allows one in the life of a process. What is said to be called by all ranks
/// is called by all of them, in the same order.
class MpiWorld {
 public:
  MpiWorld();
  ~MpiWorld();
  MpiWorld(const MpiWorld&) = delete;
  MpiWorld& operator=(const MpiWorld&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// The host of this rank, and the MPI in use ("Open MPI v4.1.4").
  std::string host() const;
  std::string version() const;

  /// Runs `rank` on each of the first `workers` ranks, and `server`, if set, on the next. Called by all ranks; those
  /// left over sleep until all are done. An exception of one rank ends the program on all.
  void run(int workers, const std::function<void(Transport&)>& rank,
           const std::function<void(Transport&)>& server = nullptr);

  /// The texts of all ranks, by rank. Called by all ranks.
  std::vector<std::string> gather(const std::string& mine) const;

  /// Does `work`; where any rank threw InputError, all throw that of the lowest. Called by all ranks.
  void agree(const std::function<void()>& work) const;

  /// Prints the error once. Called by all ranks; returns when it is printed.
  void complain(const InputError& error) const;

  /// Ends all ranks' programs with exit status 1 and says why.
  [[noreturn]] void abort(const std::string& why) const;

 private:
  void wait_for_all() const;

  int rank_ = 0;
  int size_ = 1;
  bool shares_cores_ = false;  ///< its machine has more ranks than cores
};

}  // namespace simrun
