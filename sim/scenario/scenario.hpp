#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sim/devices/device_profile.hpp"
#include "sim/devices/host.hpp"
#include "sim/methods/method.hpp"
#include "sim/network/network.hpp"
#include "sim/scenario/training.hpp"
#include "sim/text/json_value.hpp"
#include "sim/text/units.hpp"
#include "sim/workload/gradients.hpp"
#include "sim/workload/model.hpp"
#include "sim/workload/pace.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// What compute times were taken on.
struct MeasuredOn {
  enum class Kind { cpu, gpu };
  Kind kind = Kind::cpu;
  std::string name;  ///< empty where it is not said
};

/// What one worker computes in an iteration.
struct Compute {
  Seconds forward;
  Seconds backward;
  std::vector<Seconds> backward_by_tensor;  ///< in forward order; empty: shared out by size
  Seconds update;
  Pace pace;
  std::optional<MeasuredOn> measured_on;  ///< where it is said
};

/// Gradients from files, of one worker or of M; of a folder that training has written, of at least M.
struct GradientFiles {
  std::vector<std::string> files;
  std::size_t count = 0;  ///< gradients that they hold
  std::string folder;     ///< as it stands in the scenario; empty where files are named
};

/// A large part of a resolved scenario, of which all points that have it share one.
struct SharedPart {
  std::string key;   ///< of the scenario
  std::string name;  ///< what stands for it; no text that a user may write, equal where contents are
  JsonValue value;
  std::size_t bytes = 0;  ///< as text
};

/// A complete, checked description of one point: one method on one cluster.
struct Scenario {
  std::string file;
  std::string name;
  int workers = 1;
  std::shared_ptr<const Model> model;
  std::int64_t batch_per_worker = 1;
  Compute compute;
  std::shared_ptr<const DeviceProfile> device;
  std::optional<Bytes> device_memory;  ///< of it, that training leaves to the method; none: not known
  std::optional<Host> host;            ///< none: gradients go from the device to the network
  Network network;
  std::variant<SyntheticGradients, GradientFiles> gradients;
  Precision gradient_precision = Precision::fp32;  ///< in which the backward pass leaves them
  /// Elements of a sample by which sizes that depend on contents are known; none: all are encoded.
  std::optional<std::uint64_t> gradient_sample;
  /// Of how many workers gradients are made, at most; others send what these do, in turns. None: of all.
  std::optional<std::uint64_t> gradient_workers;
  Grouping grouping;
  DecodeTime decode = DecodeTime::after_backward;
  bool metadata_apart = false;  ///< indices and scales travel in a collective of their own
  MethodChoice method;
  std::optional<Training> training;  ///< for `simrun train`

  /// As it stands in the file, with this one method and every default filled in; a name stands for each part that was
  /// put aside.
  JsonValue resolved;
  std::vector<std::shared_ptr<const SharedPart>> aside;

  /// Parameters, and entries that a worker keeps of them.
  std::uint64_t elements() const { return model->elements(); }
  std::uint64_t entries() const { return method.entries(elements()); }

  /// Time of forward, backward and update together.
  Seconds computing() const;

  /// True if the sizes of what is sent depend on contents, and samples of gradients are all that is encoded.
  bool is_sampled() const;

  /// How many gradients differ from each other.
  std::size_t different_gradients() const;

  /// Which workers encode and exchange together. Flat where no host has several.
  HostGroups host_groups() const;

  /// True if a parameter server is on a host of its own: there is one more than the workers'.
  bool has_server_host() const { return method.needs_server_host() && host_groups().hosts() > 1; }
};

/// Which tensors travel together, fragment by fragment. Throws GroupingError.
std::vector<Group> groups_of(const Scenario& scenario);

/// What a worker that encodes has of each group: all of it, or its part. In a part the last elements may be filled up
/// with zeros; its tensors are those of the whole group. Throws GroupingError.
std::vector<Group> encoded_groups(const Scenario& scenario);

/// K of each of these.
std::vector<std::uint64_t> encoded_entries(const Scenario& scenario, std::span<const Group> groups);

/// The same scenario with exchanges as rare that are not compressed: dense_choice().
Scenario in_full(const Scenario& scenario);

}  // namespace simrun
