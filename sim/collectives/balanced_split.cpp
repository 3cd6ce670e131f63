#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/layout.hpp"
#include "kernels/magnitude_bins.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// What all workers agree on before they add up.
struct Regions {
  std::vector<std::uint64_t> begins;  ///< of each worker's, and N
  float middle = 0;                   ///< the mean of the least magnitudes that workers send

  std::uint64_t begin(int region) const { return begins[static_cast<std::size_t>(region)]; }
  std::uint64_t end(int region) const { return begins[static_cast<std::size_t>(region) + 1]; }
};

/// Values in one part for each rank, equal parts but for the last ones. Parts that follow each other go on with the
/// first after the last.
class RoundTheRanks {
 public:
  RoundTheRanks(std::vector<float> values, int ranks)
      : values_(std::move(values)), ranks_(ranks), size_((values_.size() + m() - 1) / m()) {}

  /// Those of `count` parts.
  std::vector<float> values(int first, int count) const {
    std::vector<float> taken;
    for (int part = first; part < first + count; ++part) {
      const auto more = std::span(values_).subspan(begin(part), begin_after(part) - begin(part));
      taken.insert(taken.end(), more.begin(), more.end());
    }
    return taken;
  }

  /// Adds to as many, from a part on.
  void add(int first, std::span<const float> more) {
    for (int part = first; !more.empty(); ++part) {
      for (std::size_t i = begin(part); i < begin_after(part); ++i) values_[i] += more[i - begin(part)];
      more = more.subspan(begin_after(part) - begin(part));
    }
  }

 private:
  std::size_t m() const { return static_cast<std::size_t>(ranks_); }
  std::size_t begin(int part) const {
    return std::min(static_cast<std::size_t>(part % ranks_) * size_, values_.size());
  }
  std::size_t begin_after(int part) const { return std::min(begin(part) + size_, values_.size()); }

  std::vector<float> values_;
  int ranks_;
  std::size_t size_;  ///< of a part
};

/// Numbers of 4 bytes as a payload.
template <class Number>
Payload payload_of(std::span<const Number> numbers) {
  const auto bytes = std::as_bytes(numbers);
  return Payload::make(full_header(PayloadKind::dense32, numbers.size()), {bytes.begin(), bytes.end()});
}

/// How many entries each worker has of all that are kept, in the order of regions, and which of them go to whom so that
/// all have as many.
class KeptEntries {
 public:
  explicit KeptEntries(const std::vector<std::uint64_t>& counts) : starts_{0} {
    for (const std::uint64_t count : counts) starts_.push_back(starts_.back() + count);
  }

  std::uint64_t of(int worker) const { return start(worker + 1) - start(worker); }

  /// Of the entries of a worker those that go to another, if it sends any. A region without entries goes to whoever has
  /// what is beside it.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> moved(int from, int to) const {
    const int last = static_cast<int>(starts_.size()) - 2;
    const std::uint64_t begin = std::max(start(from), target(to));
    const std::uint64_t end = std::min(start(from + 1), target(to + 1));
    const bool is_beside = of(from) == 0 && target(to) <= start(from) && (start(from) < target(to + 1) || to == last);
    if (is_beside) return std::pair<std::uint64_t, std::uint64_t>{0, 0};
    if (begin >= end) return std::nullopt;
    return std::pair{begin - start(from), end - start(from)};
  }

 private:
  std::uint64_t start(int worker) const { return starts_[static_cast<std::size_t>(worker)]; }

  std::uint64_t target(int worker) const {
    return starts_.back() * static_cast<std::uint64_t>(worker) / (starts_.size() - 1);
  }

  std::vector<std::uint64_t> starts_;
};

/// Entries [first, last) of pairs, with the elements from the first of them on up to the next: from the beginning, if
/// none come before, and to the end, if none come after.
Payload cut_entries(const Payload& pairs, std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint32_t> decoded;
  const auto indices = view_body(pairs, PayloadKind::pairs, decoded).indices;
  return cut(pairs, first == 0 ? 0 : indices[first], last == indices.size() ? pairs.elements() : indices[last]);
}

/// Sums of sparse payloads of K entries, of which the K largest are kept. Workers agree on regions that have as many of
/// their entries, one for each of them. Each sends every other what it has of that one's region, to `together` workers
/// at once, in an order that begins with the next rank. Of the sums all count magnitudes in bins, and so find how many
/// of each region are among the K largest; of the last bin each keeps its share. Entries go to neighbours until all
/// workers have as many of them, and are gathered by doubling.
///
/// T = 6 L a + ceil((M-1) / together) a + 2 (M-1) p / B, p = 32 + 8 K/M, L = ceil(log2 M), where every region has as
/// many entries of each worker, and of the result; and what the agreements take, 2 (M-1)/M (4 M + 512) + 8 (M-1) bytes
/// over B, where M divides 128. A worker sends at most 6 K (M-1)/M words of entries if its own are spread evenly over
/// the regions: K/M pairs to each of the others, all of the result that lies in its region, and K/M pairs again.
/// Source: Ok-Topk, Li and Hoefler, PPoPP 2022 (arXiv 2201.07598). There thresholds and regions are used again for many
/// steps, and entries are moved only if workers' numbers of them are far apart.
class BalancedSplit final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{mine}};
    const Regions regions = agree_on_regions(transport, mine);
    Payload region = aggregator->combine(send_regions(transport, mine, regions));
    if (region.has_contents()) {
      const KeptEntries kept(agree_on_largest(transport, region, mine.entries(), regions.middle));
      region = largest_pairs(region, kept.of(transport.rank()), *primitives_);
      region = balanced(transport, region, kept);
    } else {
      agree_on_largest(transport, region, mine.entries(), regions.middle);
    }
    Outcome all = make_allgather_doubling({})->exchange(transport, region, nullptr);
    all.parts.insert(all.parts.end(), static_cast<std::size_t>(all.alike), Payload(all.parts.back()));
    return {{transport.wants_contents() ? join(all.parts) : join_sizes(all.parts)}};
  }

 private:
  static constexpr int together = 8;

  /// Sums over all workers, of which every one has as many values: a reduce-scatter by halving (SparseHalving's steps),
  /// then an all-gather by doubling.
  static std::vector<float> sum_of_all(Transport& transport, std::vector<float> values) {
    const int m = transport.size();
    const int rank = transport.rank();
    RoundTheRanks parts(std::move(values), m);
    for (int distance = static_cast<int>(std::bit_ceil(static_cast<unsigned>(m))) / 2; distance > 0; distance /= 2) {
      const int count = std::min(distance, m - distance);
      Message out = {payload_of<float>(parts.values(rank + distance, count))};
      const Message in = transport.exchange((rank + distance) % m, std::move(out), (rank + m - distance) % m);
      parts.add(rank, view_as<float>(in.front().bytes()));
    }
    const Payload own = payload_of<float>(parts.values(rank, 1));
    std::vector<float> sums;
    for (const Payload& part : make_allgather_doubling({})->exchange(transport, own, nullptr).parts) {
      const auto more = view_as<float>(part.bytes());
      sums.insert(sums.end(), more.begin(), more.end());
    }
    return sums;
  }

  /// The means of where each worker would part its entries, and of its least magnitude. Where payloads have no contents
  /// regions are alike.
  Regions agree_on_regions(Transport& transport, const Payload& mine) const {
    const auto m = static_cast<std::size_t>(transport.size());
    std::vector<float> own(m);
    if (mine.has_contents()) {
      Pairs decoded;
      const PairsView pairs = view_pairs(mine, decoded);
      const auto least = std::ranges::min_element(pairs.values, {}, [](float value) { return std::abs(value); });
      own[0] = std::abs(*least);
      for (std::size_t r = 1; r < m; ++r) own[r] = static_cast<float>(pairs.indices[r * pairs.indices.size() / m]);
    }
    const std::vector<float> sums = sum_of_all(transport, own);
    Regions regions{{0}, sums[0] / static_cast<float>(m)};
    const std::uint64_t size = part_elements(mine, transport.size());
    for (std::size_t r = 1; r < m; ++r) {
      const std::uint64_t begin = mine.has_contents() ? static_cast<std::uint64_t>(sums[r] / static_cast<float>(m))
                                                      : static_cast<std::uint64_t>(r) * size;
      regions.begins.push_back(std::clamp(begin, regions.begins.back(), mine.elements()));
    }
    regions.begins.push_back(mine.elements());
    return regions;
  }

  /// Without contents it has its share of the entries.
  static Payload part_of(const Payload& mine, std::uint64_t begin, std::uint64_t end) {
    if (mine.has_contents()) return cut(mine, begin, end);
    const std::uint64_t entries = share_of_entries(mine.entries(), mine.elements(), begin, end);
    return Payload::size_only(sparse_header(mine.kind(), mine.index(), end - begin, entries).value());
  }

  /// What all workers have of this one's region, by rank.
  static std::vector<Payload> send_regions(Transport& transport, const Payload& mine, const Regions& regions) {
    const int m = transport.size();
    const int rank = transport.rank();
    const auto part = [&](int region) { return part_of(mine, regions.begin(region), regions.end(region)); };
    std::vector<Payload> received(static_cast<std::size_t>(m));
    received[static_cast<std::size_t>(rank)] = part(rank);
    for (int first = 1; first < m; first += together) {
      std::vector<std::pair<int, Request>> receives;
      std::vector<Request> sends;
      for (int i = first; i < std::min(first + together, m); ++i) {
        const int from = (rank + m - i) % m;
        const int to = (rank + i) % m;
        receives.emplace_back(from, transport.start_receive(from));
        sends.push_back(transport.start_send(to, {part(to)}));
      }
      for (const auto& [from, request] : receives)
        received[static_cast<std::size_t>(from)] = transport.wait(request).front();
      for (const Request send : sends) transport.wait(send);
    }
    return received;
  }

  /// How many of the K largest of all sums are in each region.
  std::vector<std::uint64_t> agree_on_largest(Transport& transport, const Payload& region, std::uint64_t entries,
                                              float middle) const {
    const MagnitudeBins bins(middle);
    const std::vector<std::uint32_t> own =
        region.has_contents() ? bins.counts(region) : std::vector<std::uint32_t>(MagnitudeBins::count);
    const std::vector<float> all = sum_of_all(transport, std::vector<float>(own.begin(), own.end()));
    const auto bin = own.begin() + static_cast<std::ptrdiff_t>(MagnitudeBins::reaching(all, entries));
    const auto numbers = gather_numbers(transport, {std::accumulate(bin + 1, own.end(), 0U), *bin});
    std::uint64_t all_above = 0;
    std::uint64_t all_within = 0;
    for (const auto& number : numbers) {
      all_above += number[0];
      all_within += number[1];
    }
    const std::uint64_t rest = std::min(entries - std::min(all_above, entries), all_within);
    std::vector<std::uint64_t> counts;
    std::uint64_t before = 0;
    for (const auto& number : numbers) {
      counts.push_back(number[0] + share_of_entries(rest, all_within, before, before + number[1]));
      before += number[1];
    }
    return counts;
  }

  using Numbers = std::array<std::uint32_t, 2>;

  /// Those of all workers, by rank.
  static std::vector<Numbers> gather_numbers(Transport& transport, const Numbers& own) {
    const Payload payload = payload_of<std::uint32_t>(own);
    std::vector<Numbers> all;
    for (const Payload& part : make_allgather_doubling({})->exchange(transport, payload, nullptr).parts) {
      std::memcpy(all.emplace_back().data(), part.bytes().data(), sizeof own);
    }
    return all;
  }

  /// What this worker passes on to all, once all have as many entries.
  static Payload balanced(Transport& transport, const Payload& region, const KeptEntries& kept) {
    const int rank = transport.rank();
    std::vector<std::pair<int, Request>> receives;
    std::vector<Request> sends;
    std::map<int, Payload> parts;
    for (int other = 0; other < transport.size(); ++other) {
      if (other != rank && kept.moved(other, rank)) receives.emplace_back(other, transport.start_receive(other));
      const auto moved = kept.moved(rank, other);
      if (!moved) continue;
      Payload part = cut_entries(region, moved->first, moved->second);
      if (other == rank)
        parts.emplace(rank, std::move(part));
      else
        sends.push_back(transport.start_send(other, {std::move(part)}));
    }
    for (const auto& [from, request] : receives) parts[from] = transport.wait(request).front();
    for (const Request send : sends) transport.wait(send);
    if (parts.empty()) return cut(region, 0, 0);
    std::vector<Payload> in_order;
    for (const auto& [from, part] : parts) in_order.push_back(part);
    return join(in_order);
  }

  std::shared_ptr<const Primitives> primitives_ = make_cpu_primitives(1);
};

}  // namespace

std::unique_ptr<const Collective> make_balanced_split(const CollectiveOptions&) {
  return std::make_unique<BalancedSplit>();
}

}  // namespace simrun
