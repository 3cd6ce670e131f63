#include "sim/simgrid/all_to_all.hpp"

#include <algorithm>

namespace simrun {
namespace {

/// Contents are not looked at.
bool are_same(const std::optional<Payload>& a, const std::optional<Payload>& b) {
  if (!a || !b) return !a && !b;
  return !a->has_contents() && !b->has_contents() && a->header() == b->header();
}

}  // namespace

void Row::add(std::optional<Payload> payload) {
  if (payload) {
    ++messages_;
    bytes_ += payload->size();
  }
  const int end = runs_.empty() ? 2 : runs_.back().end + 1;
  if (!runs_.empty() && are_same(runs_.back().payload, payload)) {
    runs_.back().end = end;
    return;
  }
  if (payload) most_ = std::max(most_, Bytes(static_cast<double>(payload->size())));
  runs_.push_back({end, std::move(payload)});
}

FlowPtr Row::make_flow(int offset) {
  if (flows_.empty()) flows_.resize(static_cast<std::size_t>(ranks_ - 1));
  FlowPtr& flow = flows_[static_cast<std::size_t>(offset - 1)];
  flow = new Flow;
  flow->from = rank_;
  flow->to = to(offset);
  flow->size = Bytes(static_cast<double>(payload(offset)->size()));
  return flow;
}

AllToAll::AllToAll(int ranks) : receivers_(static_cast<std::size_t>(ranks)) {
  for (int rank = 0; rank < ranks; ++rank) rows_.emplace_back(rank, ranks);
}

std::vector<AllToAll::Rousing> AllToAll::sent(int rank, Seconds now) {
  std::vector<Rousing> all;
  Row& of = row(rank);
  send(rank, of.ranks());
  for (int offset = of.next_message(1); offset < of.ranks(); offset = of.next_message(offset + 1)) {
    const int to = of.to(offset);
    Receiver& receives = receiver(to);
    ++receives.sent;
    receives.last = std::max(receives.last, of.is_stream() ? of.passage(offset).left : now);
    if (receives.awaited == rank)
      all.push_back({to, now});
    else if (is_known(to))
      all.push_back({to, std::max(now, receives.last)});
  }
  return all;
}

}  // namespace simrun
