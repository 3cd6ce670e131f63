#include "sim/payloads/payload_stage.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "kernels/parallel.hpp"
#include "kernels/vote_count.hpp"
#include "sim/payloads/payload_job.hpp"
#include "sim/payloads/sampled_sizes.hpp"
#include "sim/payloads/selections.hpp"
#include "sim/payloads/selector.hpp"
#include "sim/payloads/shared_memory.hpp"
#include "sim/payloads/sizes_alone.hpp"
#include "sim/payloads/voted_sizes.hpp"
#include "sim/system/processor.hpp"
#include "sim/text/error.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What is to be made, in order; and how far that is.
class PayloadStage::Plan {
 public:
  Plan(const Study& study, const std::vector<std::size_t>& points, unsigned threads, PayloadCache& cache,
       Progress progress, KnownSizes* known)
      : study_(study), threads_(threads), cache_(cache), progress_(std::move(progress)), known_(known) {
    for (const std::size_t point : points) add(point);
    for (auto& [key, job] : jobs_) {
      job.source->check(threads_);
      elements_ += elements_of(job);
      zeros_ += job.source->zeros();
    }
    std::erase_if(jobs_, [](const auto& entry) { return entry.second.encodings.empty(); });
    check_memory();
  }

  std::vector<std::string> notes() const {
    if (zeros_ == 0) return {};
    return {"gradients: " + std::to_string(zeros_) + (zeros_ == 1 ? " of those read is" : " of those read are") +
            " zero in every entry; payloads of real gradients may be larger"};
  }

  std::optional<Batch> next() {
    if (!sizes_.points.empty()) return in_order(std::exchange(sizes_, {}));
    if (!sampled_.empty()) return in_order(sample(sampled_.extract(sampled_.begin())));
    if (jobs_.empty()) return std::nullopt;
    Batch batch = next_of(jobs_.begin()->second);
    while (!jobs_.empty() && encoding_ == jobs_.begin()->second.encodings.size()) {
      jobs_.erase(jobs_.begin());
      selections_.reset();
      place_.reset();
      encoding_ = 0;
    }
    return in_order(std::move(batch));
  }

 private:
  Batch next_of(PayloadJob& job) {
    if (has_sizes_alone(job)) return make_sizes(job);
    if (count_of(Making::count, job) > 0) return count(job);
    return make(job, job.encodings[encoding_++]);
  }

  static bool has_sizes_alone(const PayloadJob& job) {
    return std::ranges::any_of(job.encodings, &Encoding::sizes_alone);
  }

  void add(std::size_t point) {
    const Scenario& scenario = study_.points[point].scenario;
    const std::shared_ptr<const Codec> codec =
        scenario.method.codec->make(scenario.method.options, make_cpu_primitives(1));
    const std::vector<Group> groups = encoded_groups(scenario);
    std::vector<std::uint64_t> entries = encoded_entries(scenario, groups);
    if (const auto known = known_sizes(scenario)) {
      sizes_.points.push_back(point);
      sizes_.tables.push_back(known);
      return;
    }
    if (scenario.is_sampled()) {
      std::vector<std::size_t>& points = sampled_[name_of_sizes(scenario)];
      if (points.empty()) elements_ += samples_of_gradients * *scenario.gradient_sample;
      points.push_back(point);
      return;
    }
    if (!is_dense(codec->kind())) {
      PayloadJob& job = jobs_[GradientSource::identity(scenario)];
      if (!job.source) job.source = std::make_unique<GradientSource>(scenario);
      job.source->add_workers(scenario);
      if (codec->sizes_need_contents()) {
        const Making making = making_of(scenario, *codec, *job.source);
        const auto [at, is_new] = numbers_.try_emplace({&job, making, encoding_name(scenario)}, job.encodings.size());
        if (is_new) {
          // Shares of a larger K are not always larger: a group may lose one.
          job.entries.resize(groups.size());
          for (std::size_t g = 0; g < groups.size(); ++g) job.entries[g] = std::max(job.entries[g], entries[g]);
          job.encodings.push_back(
              {making, codec, std::move(entries), {}, scenario.method.codec->varies ? varying_steps : 1});
        }
        job.encodings[at->second].points.push_back(point);
        return;
      }
    }
    sizes_.points.push_back(point);
    sizes_.tables.push_back(std::make_shared<const PayloadTable>(scenario));
  }

  /// What a vote on sparse signs comes to is known of a number of workers, other sizes of all workers up to that.
  static std::string name_of_sizes(const Scenario& scenario) {
    const bool is_vote = scenario.method.collective->has_server;
    const std::string voters = is_vote ? "/votes of " + std::to_string(scenario.workers) : "";
    return GradientSource::identity(scenario) + "/" + encoding_name(scenario) + voters;
  }

  /// Null where they are not known of so many workers.
  std::shared_ptr<const PayloadTable> known_sizes(const Scenario& scenario) const {
    if (known_ == nullptr) return nullptr;
    const auto found = known_->find(name_of_sizes(scenario));
    if (found == known_->end()) return nullptr;
    return scenario.is_sampled() || found->second->encoders() >= scenario.different_gradients() ? found->second
                                                                                                : nullptr;
  }

  void check_memory() const {
    double bytes = 0;
    for (const auto& [key, job] : jobs_) bytes = std::max(bytes, bytes_of(job));
    const Bytes available = available_memory();
    if (available.value > 0 && bytes > available.value)
      throw InputError(study_.file, "workers", "the payloads need about " + show(Bytes(bytes)) + " of memory",
                       "accepted: what fits, this machine has " + show(available) + " free");
  }

  using Sampled = std::map<std::string, std::vector<std::size_t>>;

  /// Sizes from samples, for the points that have them alike.
  Batch sample(const Sampled::node_type& alike) {
    const std::vector<std::size_t>& points = alike.mapped();
    const auto table = sampled_sizes(study_.points[points.front()].scenario, threads_,
                                     [this](std::uint64_t elements) { step(elements); });
    if (known_ != nullptr) known_->insert_or_assign(alike.key(), table);
    return {points, {points.size(), table}};
  }

  /// The payloads of an encoding.
  Batch make(const PayloadJob& job, const Encoding& encoding) {
    auto table = std::make_shared<PayloadTable>(study_.points[encoding.points.front()].scenario, job.source->workers());
    if (!place_) place_.emplace(static_cast<std::size_t>(most_bytes_of_payloads(job)));
    place_->clear();
    if (encoding.making == Making::select) {
      encode_selections(job, encoding, *table);
    } else {
      encode_gradients(job, encoding, *table);
    }
    return {encoding.points, {encoding.points.size(), table}};
  }

  /// The next payloads of a job that are counted, which are then no longer among its encodings.
  Batch count(PayloadJob& job) {
    std::deque<Voting> votings;
    Batch batch;
    while (votings.size() < NestedVotes::most_votings) {
      const auto next = std::ranges::find(job.encodings, Making::count, &Encoding::making);
      if (next == job.encodings.end()) break;
      const Scenario& first = study_.points[next->points.front()].scenario;
      Voting& voting = votings.emplace_back(next->codec, next->entries, std::set<std::size_t>{},
                                            std::make_shared<PayloadTable>(first, job.source->workers()));
      for (const std::size_t point : next->points) {
        voting.workers.insert(static_cast<std::size_t>(study_.points[point].scenario.workers));
        batch.points.push_back(point);
        batch.tables.push_back(voting.payloads);
        if (known_ != nullptr) known_->insert_or_assign(name_of_sizes(study_.points[point].scenario), voting.payloads);
      }
      job.encodings.erase(next);
    }
    count_votes(*job.source, votings, threads_, cache_, [this](std::uint64_t elements) { step(elements); });
    std::size_t voted = 0;
    for (const Voting& voting : votings) voted = std::max(voted, *voting.workers.rbegin());
    for (const Group& group : job.source->groups()) step((job.source->workers() - voted) * group.elements);
    return batch;
  }

  void encode_selections(const PayloadJob& job, const Encoding& encoding, PayloadTable& table) {
    if (!selections_)
      selections_.emplace(*job.source, job.entries, threads_, cache_,
                          [this](std::uint64_t elements) { step(elements); });
    const std::size_t groups = job.source->groups().size();
    parallel_for(job.source->workers() * groups, threads_, [&](std::size_t i) {
      const std::size_t worker = i / groups;
      const std::size_t g = i % groups;
      if (job.source->groups()[g].is_dense) return;
      table.set(worker, g, place_->take(selections_->encode(*encoding.codec, worker, g, encoding.entries[g])),
                table.first_round());
    });
  }

  void encode_gradients(const PayloadJob& job, const Encoding& encoding, PayloadTable& table) {
    for_each_gradient(*job.source, [&](std::size_t worker, std::size_t g, std::span<const float> gradient) {
      const std::vector<TensorShape> shapes = job.source->shapes(g);
      const RoundContext context{.seed = job.source->seed(worker, g), .tensors = shapes};
      const Payload payload = encoding.codec->encode(gradient, encoding.entries[g], context);
      table.set(worker, g, place_->take(payload), table.first_round());
    });
  }

  /// The sizes of all encodings of which only these are made, of the first job and of all that differ in their groups.
  Batch make_sizes(PayloadJob& first) {
    std::vector<PayloadJob*> alike = {&first};
    for (auto& [key, job] : jobs_) {
      if (&job != &first && has_sizes_alone(job) && differ_in_groups_alone(first, job)) alike.push_back(&job);
    }
    Batch batch;
    const auto made =
        take_sizes_alone(alike, study_, threads_, cache_, [this](std::uint64_t elements) { step(elements); });
    for (const auto& [encoding, sizes] : made) {
      batch.points.insert(batch.points.end(), encoding.points.begin(), encoding.points.end());
      batch.tables.insert(batch.tables.end(), encoding.points.size(), sizes);
      const Scenario& scenario = study_.points[encoding.points.front()].scenario;
      if (known_ != nullptr) known_->insert_or_assign(name_of_sizes(scenario), sizes);
    }
    return batch;
  }

  /// Makes every worker's gradient of each group that is not dense.
  void for_each_gradient(const GradientSource& source,
                         const std::function<void(std::size_t, std::size_t, std::span<const float>)>& work) {
    source.for_each_worker(0, source.workers(), threads_, source.largest_group(), 0,
                           [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
                             for (std::size_t g = 0; g < source.groups().size(); ++g) {
                               const Group& group = source.groups()[g];
                               if (!group.is_dense) work(worker, g, source.fill(worker, group, inner, buffer));
                               step(group.elements);
                             }
                           });
  }

  void step(std::uint64_t elements) { progress_(done_ += elements, elements_); }

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
  Batch sizes_;      ///< points that need no contents
  Sampled sampled_;  ///< points by what their samples depend on
  std::map<std::string, PayloadJob> jobs_;
  std::map<std::tuple<const PayloadJob*, Making, std::string>, std::size_t> numbers_;
  std::optional<Selections> selections_;  ///< of the first job
  std::optional<SharedPlace> place_;      ///< for the payloads of one encoding after another
  std::size_t encoding_ = 0;              ///< the next of the first job
  std::size_t zeros_ = 0;                 ///< gradients that were read and have no entry but zeros
  std::uint64_t elements_ = 0;            ///< to be made
  KnownSizes* known_;
  std::atomic<std::uint64_t> done_ = 0;
};

PayloadStage::PayloadStage(const Study& study, const std::vector<std::size_t>& points, unsigned threads,
                           PayloadCache& cache, Progress progress, KnownSizes* known)
    : plan_(std::make_unique<Plan>(study, points, threads, cache, std::move(progress), known)) {}

PayloadStage::~PayloadStage() = default;

std::vector<std::string> PayloadStage::notes() const {
  return plan_->notes();
}

std::optional<PayloadStage::Batch> PayloadStage::next() {
  return plan_->next();
}

}  // namespace simrun
