#include "sim/payload_stage.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <numeric>
#include <utility>

#include "kernels/parallel.hpp"
#include "sim/error.hpp"
#include "sim/gradient_source.hpp"
#include "sim/selections.hpp"
#include "sim/units.hpp"

namespace simrun {
namespace {

/// One way to encode gradients.
struct Encoding {
  std::shared_ptr<const Codec> codec;
  std::vector<std::uint64_t> entries;  ///< K by group
  std::vector<std::size_t> points;
};

/// Gradients, and the ways in which they are encoded.
struct Work {
  std::unique_ptr<GradientSource> source;
  std::vector<Encoding> encodings;                 ///< those that need contents, the largest K first
  std::vector<std::vector<std::uint64_t>> needed;  ///< K by group, the largest of an encoding and those after it
};

std::string encoding_name(const Scenario& scenario) {
  return std::string(scenario.method.codec->encoding) + "/" +
         std::to_string(static_cast<int>(scenario.method.options.index)) + "/" + std::to_string(scenario.entries());
}

/// All workers send what is of this size.
std::shared_ptr<const PayloadTable> table_of_sizes(const Codec& codec, const std::vector<Group>& groups,
                                                   const std::vector<std::uint64_t>& entries) {
  auto table = std::make_shared<PayloadTable>(1, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    table->set(0, g, Payload::size_only(*codec.shape(groups[g].elements, entries[g])));
  return table;
}

/// Bytes of memory that programs can still have; 0 if the system does not say.
double available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string key;
  double kibibytes = 0;
  while (info >> key) {
    if (key == "MemAvailable:" && info >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

/// An upper bound for sparse payloads of K entries whose size depends on them: header, values, gaps of 32 bits, and a
/// base and a width for each block of 128 gaps or less, rounded up.
double most_bytes(double entries) {
  return Payload::header_bytes + 8 * entries + 5 * (entries / 128 + 1) + 3;
}

double bytes_of_payloads(const Encoding& encoding, const std::vector<Group>& groups) {
  double bytes = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto shape = encoding.codec->shape(groups[g].elements, encoding.entries[g]);
    bytes += shape ? static_cast<double>(shape->bytes) : most_bytes(static_cast<double>(encoding.entries[g]));
  }
  return bytes;
}

/// Selections, the payloads of one encoding, a gradient.
double bytes_of(const Work& work) {
  double most = 0;
  for (std::size_t e = 0; e < work.encodings.size(); ++e) {
    double entries = 0;
    for (const std::uint64_t k : work.needed[e]) entries += static_cast<double>(k);
    most = std::max(most, 8 * entries + bytes_of_payloads(work.encodings[e], work.source->groups()));
  }
  return most * static_cast<double>(work.source->workers()) + 4 * static_cast<double>(work.source->largest_group());
}

/// How often gradients are made: once for all selections, and once for each encoding that is none.
std::size_t passes(const Work& work) {
  const auto selects = [](const Encoding& encoding) { return encoding.codec->keeps_largest(); };
  const auto selecting = std::count_if(work.encodings.begin(), work.encodings.end(), selects);
  return work.encodings.size() - static_cast<std::size_t>(selecting) + (selecting > 0 ? 1 : 0);
}

}  // namespace

/// What is to be made, in order; and how far that is.
class PayloadStage::Plan {
 public:
  Plan(const Study& study, const std::vector<std::size_t>& points, unsigned threads, PayloadCache& cache,
       Progress progress)
      : study_(study), threads_(threads), cache_(cache), progress_(std::move(progress)) {
    for (const std::size_t point : points) add(point);
    for (auto& [key, work] : works_) {
      work.source->check(threads_);
      order(work);
      gradients_ += passes(work) * work.source->workers();
    }
    std::erase_if(works_, [](const auto& entry) { return entry.second.encodings.empty(); });
    check_memory();
  }

  std::optional<Batch> next() {
    if (!sizes_.points.empty()) return in_order(std::exchange(sizes_, {}));
    if (works_.empty()) return std::nullopt;
    Work& work = works_.begin()->second;
    Batch batch = make(work, encoding_);
    if (++encoding_ == work.encodings.size()) {
      works_.erase(works_.begin());
      selections_.reset();
      encoding_ = 0;
    }
    return in_order(std::move(batch));
  }

 private:
  void add(std::size_t point) {
    const Scenario& scenario = study_.points[point].scenario;
    const std::shared_ptr<const Codec> codec =
        scenario.method.codec->make(scenario.method.options, make_cpu_primitives(1));
    const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
    std::vector<std::uint64_t> entries = share_entries(groups, scenario.entries());
    if (!is_dense(codec->kind())) {
      Work& work = works_[GradientSource::identity(scenario)];
      if (!work.source) work.source = std::make_unique<GradientSource>(scenario);
      work.source->add_workers(scenario.workers);
      if (codec->sizes_need_contents()) {
        const auto [at, is_new] = numbers_.try_emplace({&work, encoding_name(scenario)}, work.encodings.size());
        if (is_new) work.encodings.push_back({codec, std::move(entries), {}});
        work.encodings[at->second].points.push_back(point);
        return;
      }
    }
    sizes_.points.push_back(point);
    sizes_.tables.push_back(table_of_sizes(*codec, groups, entries));
  }

  static void order(Work& work) {
    const auto total = [](const Encoding& encoding) {
      return std::accumulate(encoding.entries.begin(), encoding.entries.end(), std::uint64_t{0});
    };
    std::stable_sort(work.encodings.begin(), work.encodings.end(),
                     [&](const Encoding& a, const Encoding& b) { return total(a) > total(b); });
    std::vector<std::uint64_t> needed(work.source->groups().size(), 0);
    work.needed.resize(work.encodings.size());
    for (std::size_t e = work.encodings.size(); e-- > 0;) {
      // Shares of a larger K are not always larger: a group may lose one.
      for (std::size_t g = 0; g < needed.size(); ++g) needed[g] = std::max(needed[g], work.encodings[e].entries[g]);
      work.needed[e] = needed;
    }
  }

  void check_memory() const {
    double bytes = 0;
    for (const auto& [key, work] : works_) bytes = std::max(bytes, bytes_of(work));
    const double available = available_memory();
    if (available > 0 && bytes > available)
      throw InputError(study_.file, "workers", "the payloads need about " + show(Bytes(bytes)) + " of memory",
                       "accepted: what fits, this machine has " + show(Bytes(available)) + " free");
  }

  /// The payloads of an encoding. Encodings come in order.
  Batch make(const Work& work, std::size_t number) {
    const Encoding& encoding = work.encodings[number];
    const std::size_t groups = work.source->groups().size();
    auto table = std::make_shared<PayloadTable>(work.source->workers(), groups);
    if (encoding.codec->keeps_largest()) {
      select(work, number);
      parallel_for(work.source->workers() * groups, threads_, [&](std::size_t i) {
        table->set(i / groups, i % groups, encode_selected(work, encoding, i / groups, i % groups));
      });
    } else {
      encode_gradients(*work.source, encoding, *table);
    }
    return {encoding.points, {encoding.points.size(), table}};
  }

  void select(const Work& work, std::size_t number) {
    if (selections_) {
      selections_->narrow(work.needed[number], threads_);
    } else {
      selections_.emplace(*work.source, work.needed[number], threads_, cache_,
                          [this] { progress_(++done_, gradients_); });
    }
  }

  Payload encode_selected(const Work& work, const Encoding& encoding, std::size_t worker, std::size_t group) const {
    const PairsView selected = selections_->at(worker, group);
    const std::uint64_t elements = work.source->groups()[group].elements;
    const std::uint64_t k = encoding.entries[group];
    if (k == selected.indices.size()) return encoding.codec->encode_largest(selected, elements);
    const Pairs largest = largest_of(selected, k);
    return encoding.codec->encode_largest({largest.indices, largest.values}, elements);
  }

  void encode_gradients(const GradientSource& source, const Encoding& encoding, PayloadTable& table) {
    source.for_each_worker(threads_, [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
      for (std::size_t g = 0; g < source.groups().size(); ++g) {
        const std::span<const float> gradient = source.fill(worker, g, inner, buffer);
        const EncodeContext context{.seed = source.seed(worker, g), .round = 0, .previous = {}};
        table.set(worker, g, encoding.codec->encode(gradient, encoding.entries[g], context));
      }
      progress_(++done_, gradients_);
    });
  }

  /// The costliest points first, so that none is left to run alone at the end.
  Batch in_order(Batch batch) const {
    std::vector<std::size_t> order(batch.points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return study_.points[batch.points[a]].scenario.workers > study_.points[batch.points[b]].scenario.workers;
    });
    Batch ordered;
    for (const std::size_t i : order) {
      ordered.points.push_back(batch.points[i]);
      ordered.tables.push_back(std::move(batch.tables[i]));
    }
    return ordered;
  }

  const Study& study_;
  unsigned threads_;
  PayloadCache& cache_;
  Progress progress_;
  Batch sizes_;  ///< points that need no contents
  std::map<std::string, Work> works_;
  std::map<std::pair<const Work*, std::string>, std::size_t> numbers_;
  std::optional<Selections> selections_;  ///< of the first work
  std::size_t encoding_ = 0;              ///< the next of the first work
  std::size_t gradients_ = 0;
  std::atomic<std::size_t> done_ = 0;
};

double PayloadTable::mean_bytes(std::size_t workers) const {
  double total = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    for (std::size_t group = 0; group < groups_; ++group) total += static_cast<double>(at(worker, group).size());
  }
  return total / static_cast<double>(workers);
}

PayloadStage::PayloadStage(const Study& study, const std::vector<std::size_t>& points, unsigned threads,
                           PayloadCache& cache, Progress progress)
    : plan_(std::make_unique<Plan>(study, points, threads, cache, std::move(progress))) {}

PayloadStage::~PayloadStage() = default;

std::optional<PayloadStage::Batch> PayloadStage::next() {
  return plan_->next();
}

}  // namespace simrun
