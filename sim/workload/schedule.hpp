#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/text/units.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// How tensors are grouped for the exchange.
struct Grouping {
  struct WholeModel {
    bool operator==(const WholeModel&) const = default;
  };
  struct EachTensor {
    bool operator==(const EachTensor&) const = default;
  };
  struct Bucket {
    Bytes size;  ///< a bucket is closed as soon as its fp32 gradient has this size; filled in backward order
    bool operator==(const Bucket&) const = default;
  };
  struct Explicit {
    std::vector<std::vector<std::string>> groups;  ///< names of tensors; every tensor once
    std::vector<std::size_t> dense = {};           ///< numbers of the groups that are not compressed
    bool operator==(const Explicit&) const = default;
  };
  struct Search {
    enum class By { mergecomp, optimal };
    By by = By::optimal;
    std::size_t max_groups = 0;  ///< 0: any number; of mergecomp two
    bool is_mixed = false;       ///< optimal: groups that had better stay dense do
    bool operator==(const Search&) const = default;
  };
  std::variant<WholeModel, EachTensor, Bucket, Explicit, Search> how;
};

/// For people: "whole model", "tensor by tensor", "25.0 MB buckets", "3 groups", "optimal, at most 4 groups".
std::string name_of(const Grouping& grouping);

/// When what an exchange gave is decoded.
enum class DecodeTime {
  as_ready,        ///< at once: the rest of the backward pass waits meanwhile
  after_backward,  ///< not before the backward pass and all encoding are done, in the order in which it came
};

/// Tensors that travel together.
struct Group {
  static constexpr std::uint64_t most_elements = std::uint64_t{1} << 32;  ///< unless one tensor has more

  std::vector<std::size_t> tensors;  ///< in forward order
  std::uint64_t elements = 0;
  bool is_dense = false;     ///< not compressed, whatever the method: it travels as sgd's do
  std::size_t fragment = 0;  ///< of the model, which is exchanged by itself
};

/// Explicit groups that do not hold every tensor of the model once.
struct GroupingError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
  std::optional<std::pair<std::size_t, std::size_t>> place;  ///< group and item, where one is to blame
  std::optional<std::size_t> dense;                          ///< the item of `dense` that is to blame
};

/// Which tensors travel together, in the order in which the groups become ready in the backward pass (a group is ready
/// when the gradient of its first tensor, which comes last, is done). A group of too many elements is several, each as
/// large as can be, from the last tensor on. Throws GroupingError where explicit groups do not cover the model once, or
/// where groups are still to be searched for.
std::vector<Group> make_schedule(const Model& model, const Grouping& grouping);

/// The same of a model in fragments, the first first: runs of groups, or of tensors where the whole model would travel
/// together, each cut where it is nearest to an even share of the parameters. Throws GroupingError where there are
/// fewer of them than fragments.
std::vector<Group> make_schedule(const Model& model, const Grouping& grouping, std::size_t fragments);

/// The shapes of a group's tensors, in the order in which their gradients follow each other.
std::vector<std::vector<std::uint64_t>> shapes_of(const Model& model, const Group& group);

/// Shares K entries of the whole model among groups in proportion to their size: largest remainder, ties to the first,
/// at least 1 each.
std::vector<std::uint64_t> share_entries(std::span<const Group> groups, std::uint64_t entries);

/// Shares the backward time among tensors in proportion to their size.
std::vector<Seconds> share_backward(const Model& model, Seconds backward);

}  // namespace simrun
