#pragma once

#include <algorithm>
#include <stdexcept>

#include "kernels/byte_view.hpp"
#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/sparse_votes.hpp"
#include "kernels/cuda/vote.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

/// A majority vote over planes, on arrays of a machine.
template <class Machine>
class DeviceVote {
 public:
  /// At least one plane; all of the same size.
  DeviceVote(Machine& machine, std::span<const std::span<const std::uint32_t>> planes)
      : machine_(machine),
        words_(checked(planes).front().size()),
        stride_(divide_up<std::size_t>(words_, 4) * 4),
        planes_(stride_ * planes.size()),
        pointers_(planes.size()),
        result_(stride_) {
    std::vector<const std::uint32_t*> pointers;
    for (const auto plane : planes) {
      std::uint32_t* const to = planes_.data() + stride_ * pointers.size();
      machine_.upload(to, plane);
      pointers.push_back(to);
    }
    machine_.upload(pointers_.data(), std::span<const std::uint32_t* const>(pointers));
  }

  void run() {
    launch_vote(machine_, {pointers_.data(), static_cast<std::uint32_t>(pointers_.size()), words_, result_.data()});
  }

  const std::uint32_t* result() const { return result_.data(); }

 private:
  static auto checked(std::span<const std::span<const std::uint32_t>> planes) {
    if (planes.empty()) throw std::invalid_argument("a vote needs a voter");
    return planes;
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  std::size_t words_;
  std::size_t stride_;  ///< words from plane to plane, so that each begins at a multiple of 16 bytes
  Buffer<std::uint32_t> planes_;
  Buffer<const std::uint32_t*> pointers_;
  Buffer<std::uint32_t> result_;
};

/// A vote over sparse signs, on arrays of a machine.
template <class Machine>
class DeviceSparseVote {
 public:
  /// All indices are below `elements`.
  DeviceSparseVote(Machine& machine, std::span<const SparseSignsView> votes, std::size_t elements)
      : machine_(machine),
        ballots_(votes.size()),
        job_{ballots_.data(), static_cast<std::uint32_t>(votes.size()), entries_of(votes), elements},
        memory_(lay_out(job_)),
        indices_(most_decided()),
        signs_(divide_up<std::size_t>(indices_.size(), warp_lanes)),
        count_(1) {
    std::vector<SparseBallot> ballots;
    for (const SparseSignsView& vote : votes) {
      lists_.push_back(uploaded(machine, vote.indices));
      bits_.push_back(uploaded(machine, view_as<std::uint8_t>(vote.signs)));
      ballots.push_back({lists_.back().data(), bits_.back().data(), vote.indices.size()});
    }
    machine_.upload(ballots_.data(), std::span<const SparseBallot>(ballots));
  }

  void run() {
    launch_sparse_vote(machine_, job_, memory_.layout(), Decisions{indices_.data(), signs_.data(), count_.data()});
  }

  SparseSigns signs() const {
    const auto count = static_cast<std::size_t>(downloaded(machine_, count_.data(), 1).front());
    const auto words = downloaded(machine_, signs_.data(), divide_up<std::size_t>(count, warp_lanes));
    const auto bytes = std::as_bytes(std::span(words)).first((count + 7) / 8);
    return {downloaded(machine_, indices_.data(), count), {bytes.begin(), bytes.end()}};
  }

 private:
  static std::uint64_t entries_of(std::span<const SparseSignsView> votes) {
    std::uint64_t entries = 0;
    for (const SparseSignsView& vote : votes) entries += vote.indices.size();
    return entries;
  }

  static auto lay_out(const SparseVote& job) {
    return [=](Carver& carver) { return SparseVoteWorkspace::carve(carver, job); };
  }

  std::size_t most_decided() const {
    return static_cast<std::size_t>(plan_sparse_vote(job_).decided_at_most(job_.elements));
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  Buffer<SparseBallot> ballots_;
  SparseVote job_;
  WorkspaceOf<Machine, decltype(lay_out(SparseVote{}))> memory_;
  Buffer<std::uint32_t> indices_;
  Buffer<std::uint32_t> signs_;
  Buffer<std::uint64_t> count_;
  std::vector<Buffer<std::uint32_t>> lists_;
  std::vector<Buffer<std::uint8_t>> bits_;
};

}  // namespace simrun::cuda
