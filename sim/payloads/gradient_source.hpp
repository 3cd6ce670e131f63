#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/system/digest.hpp"

namespace simrun {

/// Those that the scenario's workers have. Throws InputError: files that cannot be read.
std::unique_ptr<const Gradients> gradients_of(const Scenario& scenario);

/// The gradients that several points share: of one model, grouped in one way, from one place.
class GradientSource {
 public:
  /// `scenario` is one of those that share them, and outlives this. Throws InputError: files that cannot be read.
  explicit GradientSource(const Scenario& scenario) : GradientSource(scenario, gradients_of(scenario)) {}

  /// The same with gradients of its model that are not the scenario's own.
  GradientSource(const Scenario& scenario, std::unique_ptr<const Gradients> gradients);

  /// What points that share gradients have in common.
  static std::string identity(const Scenario& scenario);

  /// True if both have the same workers with the same gradients of the same tensors, whatever their groups. Hosts that
  /// exchange means of gradients count as others.
  bool has_gradients_of(const GradientSource& other) const;

  const Model& model() const { return *scenario_.model; }

  /// Elements are those of what a worker encodes.
  const std::vector<Group>& groups() const { return groups_; }

  /// The shapes of a group's tensors.
  std::vector<TensorShape> shapes(std::size_t group) const { return shapes_of(*scenario_.model, groups_[group]); }

  /// How many workers encode gradients of their own: the most that any point has; 1 where all share one. What follows
  /// counts them by themselves.
  std::size_t workers() const { return workers_; }

  /// True if all workers have one gradient, that of a file.
  bool is_shared() const;
  void add_workers(const Scenario& scenario);

  /// Bytes that are kept from one worker to the next, at most.
  double bytes_kept() const;

  /// Elements of the largest group.
  std::size_t largest_group() const;

  /// Reads all gradients that come from files: they are the user's. Throws InputError where one is not finite.
  void check(unsigned threads);

  /// How many of the gradients that were checked have no entry but zeros.
  std::size_t zeros() const;

  /// Tells one worker's gradients from all others, also in other runs: by what they are made of, or by contents where
  /// they come from files (once they were checked).
  std::string key(std::size_t worker) const;

  /// Elements of the parts in which a gradient is best made: the largest group, if it is no larger than that.
  std::size_t part_size() const;

  /// Calls work(worker, inner, buffer) for each of the workers from `first` up to `last`, in parallel. Each may use
  /// `inner` threads of its own and the buffer, of so many elements. Workers of whom each takes memory for `more`
  /// further elements do not run side by side in numbers that would take much of it.
  void for_each_worker(std::size_t first, std::size_t last, unsigned threads, std::size_t buffer, std::size_t more,
                       const std::function<void(std::size_t, unsigned, std::span<float>)>& work) const;

  /// Calls work(first, part) for one part of a worker's gradient of a group after another, each made in `buffer` (at
  /// least part_size()); `first`: its first element's place in the group.
  void for_each_part(std::size_t worker, std::size_t group, unsigned threads, std::span<float> buffer,
                     const std::function<void(std::uint64_t, std::span<const float>)>& work) const;

  /// Writes a worker's gradient of a group to the start of `buffer` and returns that part of it. Groups may be others
  /// than the source's.
  std::span<const float> fill(std::size_t worker, const Group& group, unsigned threads, std::span<float> buffer) const;

  /// For codecs that draw random numbers: a seed of the worker's and the group's own in that step.
  std::uint64_t seed(std::size_t worker, std::size_t group, std::size_t step = 0) const;

 private:
  std::span<const float> fill_mean(std::size_t encoder, const Group& group, unsigned threads,
                                   std::span<float> buffer) const;
  void add_range(int worker, const Group& group, std::uint64_t first, unsigned threads, std::span<float> sum) const;

  const Scenario& scenario_;
  HostGroups hosts_;
  std::vector<Group> groups_;
  std::size_t workers_ = 1;
  std::unique_ptr<const Gradients> gradients_;
  std::vector<Digest> contents_;  ///< by worker; of files
  std::vector<char> is_zero_;     ///< likewise
};

}  // namespace simrun
