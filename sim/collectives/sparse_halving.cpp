#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "kernels/layout.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// What a worker has of each of M parts: its own, and what others have sent it.
class PartsOfSum {
 public:
  PartsOfSum(const Payload& mine, int count, const Aggregator& aggregator)
      : mine_(mine), aggregator_(aggregator), size_(part_elements(mine, count)) {}

  void add(int part, Payload payload) { received_[part].push_back(std::move(payload)); }

  /// All of a part as one payload. Each part is taken once.
  Payload take(int part) {
    auto more = received_.extract(part);
    std::vector<Payload> all;
    if (more) all = std::move(more.mapped());
    all.insert(all.begin(), own(static_cast<std::uint64_t>(part)));
    Payload sum = all.size() == 1 ? all.front() : aggregator_.combine(all);
    if (auto rest = aggregator_.cut_off(all, sum)) cut_off_.emplace(part, std::move(*rest));
    return sum;
  }

  /// What taking has cut off, once all parts are taken.
  std::optional<Payload> cut_off() const {
    if (cut_off_.empty()) return std::nullopt;
    std::vector<Payload> in_order;
    for (const auto& [part, rest] : cut_off_) in_order.push_back(rest);
    return join(in_order);
  }

 private:
  /// Without contents it has its share of the entries. It is made when it is asked for: M ranks would otherwise hold
  /// M^2 of them.
  Payload own(std::uint64_t part) const {
    const std::uint64_t begin = std::min(part * size_, mine_.elements());
    const std::uint64_t end = std::min(begin + size_, mine_.elements());
    if (mine_.has_contents()) return cut_part(mine_, begin, end);
    const std::uint64_t entries = share_of_entries(mine_.entries(), mine_.elements(), begin, end);
    return Payload::size_only(sparse_header(mine_.kind(), mine_.index(), end - begin, entries).value());
  }

  Payload mine_;
  const Aggregator& aggregator_;
  std::uint64_t size_;  ///< of a part
  std::map<int, std::vector<Payload>> received_;
  std::map<int, Payload> cut_off_;
};

/// Reduce-scatter of M parts of sparse payloads by halving, for any M, each part cut to its number of entries before it
/// is sent; then Bruck's all-gather of what each worker is left with, its own part. With D = 2^(R-1), .. 2, 1 and
/// R = ceil(log2 M), a worker sends D ranks on what it has of the parts of the ranks D to 2D-1 after it, M - 2^(R-1) of
/// them at first, D then.
///
/// T = 2 (R a + (M-1) part / B) where parts are equal: of K pairs a part has 32 + 8 K/M bytes, so that a worker sends
/// 4 K (M-1)/M words and headers.
/// Source: SparDL, Zhao et al., ICDE 2024 (arXiv 2304.00737), Spar-Reduce-Scatter.
class SparseHalving final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const int m = transport.size();
    const int rank = transport.rank();
    if (m == 1) return {{mine}};
    PartsOfSum parts(mine, m, *aggregator);
    for (int distance = static_cast<int>(std::bit_ceil(static_cast<unsigned>(m))) / 2; distance > 0; distance /= 2) {
      const int count = std::min(distance, m - distance);
      Message out;
      for (int i = 0; i < count; ++i) out.push_back(parts.take((rank + distance + i) % m));
      Message in = transport.exchange((rank + distance) % m, std::move(out), (rank + m - distance) % m);
      for (int i = 0; i < count; ++i) parts.add((rank + i) % m, std::move(in[static_cast<std::size_t>(i)]));
    }
    Outcome gathered = make_allgather_doubling({})->exchange(transport, parts.take(rank), nullptr);
    gathered.parts.insert(gathered.parts.end(), static_cast<std::size_t>(gathered.alike),
                          Payload(gathered.parts.back()));
    return {.parts = {join(gathered.parts)}, .cut_off = parts.cut_off()};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_sparse_halving(const CollectiveOptions&) {
  return std::make_unique<SparseHalving>();
}

}  // namespace simrun
