#include "sim/payloads/voted_sizes.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "kernels/layout.hpp"
#include "kernels/vote_count.hpp"

namespace simrun {
namespace {

/// Bytes of votes that are held before they are counted.
constexpr double most_held = 512e6;

constexpr double bytes_an_entry = sizeof(std::uint32_t) + sizeof(std::uint8_t);

/// Of how many workers votes are held; `entries`: the largest K, by group.
std::size_t workers_at_once(const std::vector<std::uint64_t>& entries) {
  double bytes = 0;
  for (const std::uint64_t k : entries) bytes += bytes_an_entry * static_cast<double>(k);
  return static_cast<std::size_t>(std::clamp(most_held / bytes, 1.0, 1e9));
}

/// The votings on one group.
struct Ballots {
  std::vector<Voting*> votings;        ///< K descending
  std::vector<std::uint64_t> entries;  ///< of each
  std::optional<VoteCount> count;
};

class Count {
 public:
  Count(const GradientSource& source, std::deque<Voting>& votings, unsigned threads, PayloadCache& cache,
        const OnElements& step)
      : source_(source), threads_(threads), entries_(source.groups().size()), ballots_(source.groups().size()) {
    for (const Voting& voting : votings) closings_.insert(voting.workers.begin(), voting.workers.end());
    for (std::size_t g = 0; g < ballots_.size(); ++g) {
      Ballots& ballots = ballots_[g];
      for (Voting& voting : votings) ballots.votings.push_back(&voting);
      std::ranges::stable_sort(ballots.votings, std::greater(),
                               [&](const Voting* voting) { return voting->entries[g]; });
      for (const Voting* voting : ballots.votings) ballots.entries.push_back(voting->entries[g]);
      entries_[g] = ballots.entries.front();
    }
    at_once_ = workers_at_once(entries_);
    for (std::size_t g = 0; g < ballots_.size(); ++g) {
      if (!source.groups()[g].is_dense)
        ballots_[g].count.emplace(source.groups()[g].elements, votings.size(), last(), last() <= at_once_);
    }
    selector_.emplace(source, entries_, threads, cache, step);
  }

  void run() {
    for (std::size_t first = 0; first < last(); first += at_once_) add(first, std::min(first + at_once_, last()));
  }

 private:
  std::size_t last() const { return *closings_.rbegin(); }

  void add(std::size_t first, std::size_t last) {
    std::vector<std::vector<NestedVotes>> votes(ballots_.size(), std::vector<NestedVotes>(last - first));
    selector_->for_each(first, last, [&](std::size_t worker, const std::vector<Payload>& found) {
      for (std::size_t g = 0; g < ballots_.size(); ++g) {
        if (!ballots_[g].count) continue;
        Pairs not_coded;
        const PairsView largest = view_pairs(found[g], not_coded);
        votes[g][worker - first] = nest_votes(largest, ballots_[g].entries);
        set_sent(worker, g, static_cast<std::uint64_t>(std::ranges::count(largest.values, 0.0F)),
                 largest.values.size());
      }
    });
    std::vector<std::size_t> closings;  // of these workers
    for (const std::size_t closing : closings_) {
      if (closing > first && closing <= last) closings.push_back(closing - first);
    }
    for (std::size_t g = 0; g < ballots_.size(); ++g) {
      Ballots& ballots = ballots_[g];
      if (!ballots.count) continue;
      const auto decided = ballots.count->add(votes[g], closings, threads_);
      for (std::size_t c = 0; c < closings.size(); ++c) {
        for (std::size_t v = 0; v < ballots.votings.size(); ++v)
          ballots.votings[v]->payloads->set_combined(first + closings[c], g, payload(v, g, decided[c][v]));
      }
    }
  }

  /// What a worker sends: its K largest without zeros, which are the smallest.
  void set_sent(std::size_t worker, std::size_t group, std::uint64_t zeros, std::uint64_t found) {
    const Ballots& ballots = ballots_[group];
    for (std::size_t v = 0; v < ballots.votings.size(); ++v) {
      PayloadTable& payloads = *ballots.votings[v]->payloads;
      payloads.set(worker, group, payload(v, group, std::min(ballots.entries[v], found - zeros)),
                   payloads.first_round());
    }
  }

  Payload payload(std::size_t voting, std::size_t group, std::uint64_t entries) const {
    const Codec& codec = *ballots_[group].votings[voting]->codec;
    return Payload::size_only(*codec.shape(source_.groups()[group].elements, entries, {}));
  }

  const GradientSource& source_;
  unsigned threads_;
  std::set<std::size_t> closings_;      ///< numbers of workers after which what is decided is wanted
  std::vector<std::uint64_t> entries_;  ///< the largest K, by group
  std::vector<Ballots> ballots_;        ///< by group
  std::size_t at_once_ = 1;             ///< workers whose votes are held
  std::optional<Selector> selector_;
};

}  // namespace

bool is_counted(const Codec& codec) {
  return codec.kind() == PayloadKind::sparse_signs && codec.keeps_largest() && codec.shape(1, 1, {}).has_value();
}

void count_votes(const GradientSource& source, std::deque<Voting>& votings, unsigned threads, PayloadCache& cache,
                 const OnElements& step) {
  Count(source, votings, threads, cache, step).run();
}

double bytes_to_count(const GradientSource& source, const std::vector<std::uint64_t>& entries, std::size_t votings) {
  if (votings == 0) return 0;
  if (source.workers() <= workers_at_once(entries)) return most_held;
  double bytes = most_held;
  for (const Group& group : source.groups()) {
    if (!group.is_dense) bytes += VoteCount::bytes(group.elements, votings, source.workers());
  }
  return bytes;
}

}  // namespace simrun
