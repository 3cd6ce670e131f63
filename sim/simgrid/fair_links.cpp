#include "sim/simgrid/fair_links.hpp"

#include <algorithm>
#include <array>

namespace simrun {
namespace {

constexpr Seconds one_end(1e-9);  ///< ends within it are one

}  // namespace

int FairLinks::add(BytesPerSecond capacity, bool is_shared) {
  links_.push_back({.is_shared = is_shared, .capacity = capacity.value});
  levels_.push_back(infinity);
  affected_.resize(links_.size() + 1);
  return static_cast<int>(links_.size()) - 1;
}

int FairLinks::begin(std::span<const int> links, Bytes size) {
  if (free_flows_.empty()) {
    free_flows_.push_back(static_cast<int>(flows_.size()));
    flows_.emplace_back();
  }
  const int number = free_flows_.back();
  free_flows_.pop_back();
  Flow& begun = flow(number);
  begun = {.places = std::move(begun.places), .size = size.value};
  double limit = infinity;
  for (const int each : links) {
    if (link(each).is_shared)
      begun.places.push_back({each, 0});
    else
      limit = std::min(limit, link(each).capacity);
  }
  if (limit < infinity) begun.places.push_back({link_for_one(limit), 0});
  const bool has_two = begun.places.size() == 2 && begun.places[0].link != begun.places[1].link;
  for (std::size_t i = 0; i < begun.places.size(); ++i) {
    Place& place = begun.places[i];
    Link& on = link(place.link);
    place.at = on.entries.size();
    on.entries.push_back({0, number, has_two ? begun.places[1 - i].link : nobody});
    threshold_ = std::min(threshold_, on.capacity / static_cast<double>(on.entries.size()));
    affect(place.link);
  }
  return number;
}

std::vector<int> FairLinks::take_ended(Seconds now) {
  std::vector<int> ended;
  while (!ends_.empty() && ends_.time() <= (now + one_end).value) {
    const int number = ends_.number();
    ends_.remove(number);
    Link& owner = link(number);
    advance(number, now);
    // At least the next one, however coarse the clock is.
    const double until = std::max(owner.next, owner.count + level(number) * one_end.value);
    for (std::size_t i = 0; i < owner.own; ++i) {
      if (owner.entries[i].end <= until) ended.push_back(owner.entries[i].flow);
    }
    threshold_ = std::min(threshold_, level(number));
    affect(number);
  }
  std::sort(ended.begin(), ended.end());
  for (const int number : ended) remove(number);
  return ended;
}

Seconds FairLinks::share(Seconds now) {
  if (affected_count_ > 0) {
    find_affected();
    for (const int number : affected()) advance(number, now);
    fill();
    settle(now);
  }
  return Seconds(ends_.empty() ? infinity : ends_.time());
}

/// A link for one flow: what it may have at most.
int FairLinks::link_for_one(double limit) {
  if (free_links_.empty()) free_links_.push_back(add(BytesPerSecond(limit), true));
  const int number = free_links_.back();
  free_links_.pop_back();
  link(number).capacity = limit;
  link(number).is_for_one = true;
  return number;
}

/// Does nothing unless `really`.
void FairLinks::affect(int number, bool really) {
  bool& is_affected = link(number).is_affected;
  affected_[affected_count_] = number;
  affected_count_ += static_cast<std::size_t>(really & !is_affected);
  is_affected |= really;
}

double FairLinks::rate(const Flow& of) const {
  double least = infinity;
  for (const Place& place : of.places) least = std::min(least, levels_[static_cast<std::size_t>(place.link)]);
  return least;
}

void FairLinks::remove(int number) {
  Flow& ended = flow(number);
  for (const Place& place : ended.places) {
    erase(place);
    affect(place.link);
    if (link(place.link).is_for_one) free_links_.push_back(place.link);
  }
  ended.places.clear();
  free_flows_.push_back(number);
}

void FairLinks::erase(Place place) {
  Link& from = link(place.link);
  if (place.at < from.own) {
    disown(place);
    place.at = from.own;
  }
  swap(place.link, place.at, from.entries.size() - 1);
  from.entries.pop_back();
}

/// The entry moves behind those that are still the link's own.
void FairLinks::disown(Place place) {
  Link& owner = link(place.link);
  if (owner.entries[place.at].end == owner.next) owner.knows_next = false;
  swap(place.link, place.at, --owner.own);
}

void FairLinks::swap(int number, std::size_t a, std::size_t b) {
  if (a == b) return;
  std::vector<Entry>& entries = link(number).entries;
  const auto relocate = [&](int moved) {
    for (Place& place : flow(moved).places) {
      if (place.link == number && (place.at == a || place.at == b)) place.at = a + b - place.at;
    }
  };
  relocate(entries[a].flow);
  if (entries[b].flow != entries[a].flow) relocate(entries[b].flow);
  std::swap(entries[a], entries[b]);
}

void FairLinks::advance(int number, Seconds now) {
  Link& to = link(number);
  to.count = to.own > 0 ? to.count + level(number) * (now - to.since).value : 0;
  to.since = now;
}

/// Of each link that something may change on, what is taken by flows that stay, and how many do not; these affect their
/// other links, too. Branches would be foreseen wrongly half of the time, so that there is none for an entry.
void FairLinks::find_affected() {
  for (std::size_t i = 0; i < affected_count_; ++i) {
    const int number = affected_[i];
    Link& on = link(number);
    double taken = 0;
    std::size_t growing = 0;
    for (const Entry& entry : on.entries) {
      const double now = entry.other != nobody ? std::min(level(number), level(entry.other)) : rate(flow(entry.flow));
      const bool grows = now >= threshold_;
      const std::array<double, 2> stays = {now, 0};
      taken += stays[grows];
      growing += grows;
      if (entry.other != nobody) {
        affect(entry.other, grows);
      } else {
        for (const Place& place : flow(entry.flow).places) affect(place.link, grows);
      }
    }
    on.taken = taken;
    on.growing = growing;
  }
}

/// Stops the flows of one link after another, the least level first. What a link's level is at least can only rise
/// while others are filled. Levels never fall by rounding, so that a flow's owner has the least.
void FairLinks::fill() {
  ++round_;
  double least = std::exchange(threshold_, infinity);
  const auto level_at_least = [](const Link& on) { return (on.capacity - on.taken) / static_cast<double>(on.growing); };
  for (const int number : affected()) {
    Link& on = link(number);
    level(number) = infinity;
    on.is_full = false;
    if (on.growing > 0) filling_.set(number, level_at_least(on));
  }
  while (!filling_.empty()) {
    const int number = filling_.number();
    const double reached = link(number).growing > 0 ? level_at_least(link(number)) : infinity;
    if (reached > filling_.time() && reached < infinity) {
      filling_.set(number, reached);
      continue;
    }
    filling_.remove(number);
    if (reached == infinity) continue;
    least = std::max(least, reached);
    stop(number, least);
  }
}

/// The link is full: stops its flows that grow.
void FairLinks::stop(int number, double at_level) {
  Link& full = link(number);
  level(number) = at_level;
  full.is_full = true;
  for (std::size_t at = 0; at < full.own; ++at) {
    --full.growing;
    hand_on({number, at}, at_level);
  }
  for (std::size_t at = full.own; full.growing > 0; ++at) {
    if (!is_growing(full.entries[at])) continue;
    own({number, at});
    --full.growing;
    hand_on({number, full.own - 1}, at_level);
  }
}

/// What the flow there, which stops now, is to its other links.
void FairLinks::hand_on(Place from, double at_level) {
  const Entry& entry = link(from.link).entries[from.at];
  const auto take = [&](Link& other) {
    other.taken += at_level;
    --other.growing;
  };
  if (entry.other != nobody) return take(link(entry.other));
  Flow& stopped = flow(entry.flow);
  stopped.stopped = round_;
  for (const Place& place : stopped.places) {
    if (place.link != from.link || place.at != from.at) take(link(place.link));
  }
}

/// Of an entry of a link that is full, which others may have stopped before.
bool FairLinks::is_growing(const Entry& entry) const {
  const auto grows_on = [&](int number) {
    const Link& other = links_[static_cast<std::size_t>(number)];
    return other.is_affected && !other.is_full;
  };
  if (entry.other != nobody) return grows_on(entry.other);
  const Flow& of = flows_[static_cast<std::size_t>(entry.flow)];
  return of.stopped != round_ && std::all_of(of.places.begin(), of.places.end(), [&](const Place& place) {
           return links_[static_cast<std::size_t>(place.link)].is_affected;
         });
}

/// Makes the link the owner of its flow there.
void FairLinks::own(Place place) {
  Link& owner = link(place.link);
  const int number = owner.entries[place.at].flow;
  Flow& owned = flow(number);
  double left = owned.size;
  if (owned.owner != nobody) {
    const Place before = owned.places[static_cast<std::size_t>(owned.owner)];
    left = link(before.link).entries[before.at].end - link(before.link).count;
    disown(before);
  }
  swap(place.link, place.at, owner.own);
  for (std::size_t i = 0; i < owned.places.size(); ++i) {
    if (owned.places[i].link == place.link && owned.places[i].at == owner.own) owned.owner = static_cast<int>(i);
  }
  Entry& entry = owner.entries[owner.own++];
  entry.end = owner.count + left;
  owner.next = owner.own == 1 ? entry.end : std::min(owner.next, entry.end);
  if (owner.own == 1) owner.knows_next = true;
}

/// When the next flow of each link ends.
void FairLinks::settle(Seconds now) {
  for (const int number : affected()) {
    Link& on = link(number);
    on.is_affected = false;
    if (on.own == 0) {
      ends_.remove(number);
      continue;
    }
    if (!std::exchange(on.knows_next, true)) {
      on.next = infinity;
      for (std::size_t at = 0; at < on.own; ++at) on.next = std::min(on.next, on.entries[at].end);
    }
    ends_.set(number, now.value + std::max(0.0, on.next - on.count) / level(number));
  }
  affected_count_ = 0;
}

}  // namespace simrun
