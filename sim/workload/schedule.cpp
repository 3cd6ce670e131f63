#include "sim/workload/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>

namespace simrun {
namespace {

Group make_group(const Model& model, std::vector<std::size_t> tensors) {
  std::sort(tensors.begin(), tensors.end());
  Group group;
  for (const std::size_t tensor : tensors) group.elements += model.tensors[tensor].elements();
  group.tensors = std::move(tensors);
  return group;
}

std::vector<Group> group_in_buckets(const Model& model, Bytes size) {
  std::vector<Group> groups;
  std::vector<std::size_t> open;
  double bytes = 0;
  for (std::size_t i = model.tensors.size(); i-- > 0;) {
    open.push_back(i);
    bytes += 4.0 * static_cast<double>(model.tensors[i].elements());
    if (bytes < size.value && i > 0) continue;
    groups.push_back(make_group(model, std::exchange(open, {})));
    bytes = 0;
  }
  return groups;
}

[[noreturn]] void fail_at(std::size_t group, std::size_t item, const std::string& what) {
  GroupingError error(what);
  error.place = {group, item};
  throw error;
}

std::vector<Group> group_as_named(const Model& model, const Grouping::Explicit& named) {
  const std::vector<std::vector<std::string>>& names = named.groups;
  std::map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) position[model.tensors[i].name] = i;
  std::set<std::size_t> used;
  std::vector<Group> groups;
  for (std::size_t g = 0; g < names.size(); ++g) {
    std::vector<std::size_t> tensors;
    for (std::size_t i = 0; i < names[g].size(); ++i) {
      const auto found = position.find(names[g][i]);
      if (found == position.end()) fail_at(g, i, "\"" + names[g][i] + "\" is no tensor of the model");
      if (!used.insert(found->second).second) fail_at(g, i, "\"" + names[g][i] + "\" is named twice");
      tensors.push_back(found->second);
    }
    if (tensors.empty()) throw GroupingError("a group is empty");
    groups.push_back(make_group(model, std::move(tensors)));
  }
  for (const auto& [name, index] : position) {
    if (used.count(index) == 0) throw GroupingError("tensor \"" + name + "\" is in no group");
  }
  for (std::size_t i = 0; i < named.dense.size(); ++i) {
    const std::size_t group = named.dense[i];
    if (group < groups.size() && !std::exchange(groups[group].is_dense, true)) continue;
    GroupingError error("group " + std::to_string(group) + (group < groups.size() ? " is named twice" : " is none"));
    error.dense = i;
    throw error;
  }
  return groups;
}

/// The group, or parts of it that have at most so many elements, in backward order.
std::vector<Group> split(const Model& model, const Group& group) {
  std::vector<Group> parts;
  std::vector<std::size_t> open;
  std::uint64_t elements = 0;
  const auto close = [&] {
    parts.push_back(make_group(model, std::exchange(open, {})));
    parts.back().is_dense = group.is_dense;
    parts.back().fragment = group.fragment;
    elements = 0;
  };
  for (std::size_t i = group.tensors.size(); i-- > 0;) {
    const std::uint64_t more = model.tensors[group.tensors[i]].elements();
    if (!open.empty() && elements + more > Group::most_elements) close();
    open.push_back(group.tensors[i]);
    elements += more;
  }
  close();
  return parts;
}

/// The backward pass reaches a group's first tensor last.
void sort_as_ready(std::vector<Group>& groups) {
  std::ranges::stable_sort(groups, std::greater{}, [](const Group& group) { return group.tensors.front(); });
}

struct Grouper {
  const Model& model;

  std::vector<Group> operator()(const Grouping::WholeModel&) const {
    std::vector<std::size_t> all(model.tensors.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return {make_group(model, all)};
  }
  std::vector<Group> operator()(const Grouping::EachTensor&) const { return group_in_buckets(model, Bytes(0)); }
  std::vector<Group> operator()(const Grouping::Bucket& bucket) const { return group_in_buckets(model, bucket.size); }
  std::vector<Group> operator()(const Grouping::Explicit& named) const { return group_as_named(model, named); }
  std::vector<Group> operator()(const Grouping::Search&) const {
    throw GroupingError("groups are searched for by simrun SCENARIO.json alone");
  }
};

}  // namespace

std::string name_of(const Grouping& grouping) {
  struct Namer {
    std::string operator()(const Grouping::WholeModel&) const { return "whole model"; }
    std::string operator()(const Grouping::EachTensor&) const { return "tensor by tensor"; }
    std::string operator()(const Grouping::Bucket& bucket) const { return show(bucket.size) + " buckets"; }
    std::string operator()(const Grouping::Search& search) const {
      std::string name = search.by == Grouping::Search::By::mergecomp ? "mergecomp" : "optimal";
      if (search.is_mixed) name += ", mixed";
      if (search.max_groups > 0)
        name += ", at most " + std::to_string(search.max_groups) + (search.max_groups == 1 ? " group" : " groups");
      return name;
    }
    std::string operator()(const Grouping::Explicit& named) const {
      return std::to_string(named.groups.size()) + (named.groups.size() == 1 ? " group" : " groups") +
             (named.dense.empty() ? "" : ", " + std::to_string(named.dense.size()) + " dense");
    }
  };
  return std::visit(Namer{}, grouping.how);
}

std::vector<Group> make_schedule(const Model& model, const Grouping& grouping) {
  std::vector<Group> groups;
  for (const Group& group : std::visit(Grouper{model}, grouping.how))
    std::ranges::move(split(model, group), std::back_inserter(groups));
  sort_as_ready(groups);
  return groups;
}

namespace {

/// Numbers the fragments of `parts`, which are at least as many.
void number_fragments(std::vector<Group>& parts, std::size_t fragments) {
  std::vector<double> ends;  // elements up to each part's
  for (const Group& part : parts) ends.push_back((ends.empty() ? 0 : ends.back()) + static_cast<double>(part.elements));
  std::size_t begin = 0;
  for (std::size_t fragment = 0; fragment < fragments; ++fragment) {
    const double even = ends.back() * static_cast<double>(fragment + 1) / static_cast<double>(fragments);
    const std::size_t last = parts.size() - (fragments - fragment - 1);  // each that follows has one at least
    std::size_t end = fragment + 1 == fragments ? last : begin + 1;
    while (end < last && std::abs(ends[end] - even) <= std::abs(ends[end - 1] - even)) ++end;
    while (begin < end) parts[begin++].fragment = fragment;
  }
}

}  // namespace

std::vector<Group> make_schedule(const Model& model, const Grouping& grouping, std::size_t fragments) {
  const bool is_whole = std::holds_alternative<Grouping::WholeModel>(grouping.how);
  if (fragments == 1) return make_schedule(model, grouping);
  std::vector<Group> parts = make_schedule(model, is_whole ? Grouping{Grouping::EachTensor{}} : grouping);
  if (parts.size() < fragments)
    throw GroupingError("there are " + std::to_string(parts.size()) + (is_whole ? " tensors" : " groups"));
  number_fragments(parts, fragments);
  if (!is_whole) return parts;
  std::vector<std::vector<std::size_t>> tensors(fragments);
  for (const Group& part : parts) tensors[part.fragment].push_back(part.tensors.front());
  std::vector<Group> groups;
  for (std::size_t fragment = 0; fragment < fragments; ++fragment) {
    Group whole = make_group(model, std::move(tensors[fragment]));
    whole.fragment = fragment;
    std::ranges::move(split(model, whole), std::back_inserter(groups));
  }
  return groups;
}

std::vector<std::vector<std::uint64_t>> shapes_of(const Model& model, const Group& group) {
  std::vector<std::vector<std::uint64_t>> shapes;
  for (const std::size_t tensor : group.tensors) shapes.push_back(model.tensors[tensor].shape);
  return shapes;
}

std::vector<std::uint64_t> share_entries(std::span<const Group> groups, std::uint64_t entries) {
  std::uint64_t elements = 0;
  for (const Group& group : groups) elements += group.elements;

  // 128 bits: K and N may both be near 2^32.
  std::vector<std::uint64_t> shares;
  std::vector<std::uint64_t> remainders;
  std::uint64_t given = 0;
  for (const Group& group : groups) {
    const unsigned __int128 product = static_cast<unsigned __int128>(entries) * group.elements;
    shares.push_back(static_cast<std::uint64_t>(product / elements));
    remainders.push_back(static_cast<std::uint64_t>(product % elements));
    given += shares.back();
  }
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < entries; ++i, ++given) ++shares[order[i]];

  for (std::uint64_t& share : shares) {
    if (share > 0) continue;
    std::uint64_t& largest = *std::max_element(shares.begin(), shares.end());
    if (largest > 1) --largest;
    share = 1;
  }
  return shares;
}

std::vector<Seconds> share_backward(const Model& model, Seconds backward) {
  std::vector<Seconds> shares;
  const double elements = static_cast<double>(model.elements());
  for (const Tensor& tensor : model.tensors)
    shares.push_back(backward * (static_cast<double>(tensor.elements()) / elements));
  return shares;
}

}  // namespace simrun
