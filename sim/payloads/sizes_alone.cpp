#include "sim/payloads/sizes_alone.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Tensors that follow each other and are groups, or several, in the gradients of every job.
struct Block {
  /// A group in it, of one job.
  struct Part {
    std::size_t group = 0;
    std::uint64_t begin = 0;  ///< its first element's place in the block
  };

  Group whole;                           ///< dense only if it is a group that is
  std::vector<std::vector<Part>> parts;  ///< by job, in the order of groups
};

bool is_contiguous(const Group& group) {
  return group.tensors.back() - group.tensors.front() + 1 == group.tensors.size();
}

/// Where blocks begin: with the first tensors of groups that all jobs have.
std::set<std::size_t> common_begins(const std::vector<PayloadJob*>& jobs) {
  std::set<std::size_t> common;
  for (const Group& group : jobs.front()->source->groups()) common.insert(group.tensors.front());
  for (const PayloadJob* job : jobs) {
    std::set<std::size_t> begins;
    for (const Group& group : job->source->groups()) begins.insert(group.tensors.front());
    std::erase_if(common, [&](std::size_t tensor) { return !begins.contains(tensor); });
  }
  return common;
}

std::vector<Block> blocks_of_one(const GradientSource& source) {
  std::vector<Block> blocks;
  for (std::size_t g = 0; g < source.groups().size(); ++g)
    blocks.push_back({source.groups()[g], {{{.group = g, .begin = 0}}}});
  return blocks;
}

/// In the order of groups: the last tensors first.
std::vector<Block> blocks_of(const std::vector<PayloadJob*>& jobs, const Model& model) {
  if (jobs.size() == 1) return blocks_of_one(*jobs.front()->source);
  std::vector<Block> blocks;
  const std::set<std::size_t> begins = common_begins(jobs);
  std::size_t end = model.tensors.size();
  std::for_each(begins.rbegin(), begins.rend(), [&](std::size_t begin) {
    Block& block = blocks.emplace_back();
    block.parts.resize(jobs.size());
    for (std::size_t tensor = begin; tensor < end; ++tensor) {
      block.whole.tensors.push_back(tensor);
      block.whole.elements += model.tensors[tensor].elements();
    }
    end = begin;
  });
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    auto block = blocks.begin();
    std::uint64_t end_in_block = block->whole.elements;
    for (std::size_t g = 0; g < jobs[j]->source->groups().size(); ++g) {
      if (end_in_block == 0) end_in_block = (++block)->whole.elements;
      end_in_block -= jobs[j]->source->groups()[g].elements;
      block->parts[j].push_back({.group = g, .begin = end_in_block});
    }
  }
  return blocks;
}

/// What is looked at in one job's gradients.
class Looks {
 public:
  Looks(PayloadJob& job, const Study& study, PayloadCache& cache) : source_(*job.source) {
    std::ranges::copy_if(job.encodings, std::back_inserter(encodings_), &Encoding::sizes_alone);
    std::erase_if(job.encodings, std::mem_fn(&Encoding::sizes_alone));
    for (const Encoding& encoding : encodings_) {
      const Scenario& first = study.points[encoding.points.front()].scenario;
      tables_.push_back(std::make_shared<PayloadTable>(first, source_.workers(), encoding.steps));
    }
    if (count_of(Making::encode, job) < job.encodings.size()) selector_.emplace(source_, job.entries, cache);
  }

  bool is_dense(std::size_t group) const { return source_.groups()[group].is_dense; }

  /// A worker's groups come one after another, workers from any thread.
  void look(std::size_t worker, std::size_t group, std::span<const float> gradient) {
    if (selector_) selector_->add(worker, group, gradient);
    const std::vector<TensorShape> shapes = source_.shapes(group);
    for (std::size_t i = 0; i < encodings_.size(); ++i) {
      std::vector<RoundContext> steps;
      for (std::size_t s = 0; s < encodings_[i].steps; ++s)
        steps.push_back({.seed = source_.seed(worker, group, s), .tensors = shapes});
      const std::vector<Payload> sizes = encodings_[i].codec->sizes(gradient, encodings_[i].entries[group], steps);
      for (std::size_t s = 0; s < sizes.size(); ++s)
        tables_[i]->set(worker, group, sizes[s], tables_[i]->first_round(), s);
    }
  }

  void take(std::vector<EncodedSizes>& all) && {
    for (std::size_t i = 0; i < encodings_.size(); ++i)
      all.push_back({std::move(encodings_[i]), std::move(tables_[i])});
  }

 private:
  const GradientSource& source_;
  std::vector<Encoding> encodings_;
  std::vector<std::shared_ptr<PayloadTable>> tables_;  ///< by encoding
  std::optional<SelectorOfWhole> selector_;            ///< of what else the job selects
};

}  // namespace

bool differ_in_groups_alone(const PayloadJob& a, const PayloadJob& b) {
  const auto is_in_order = [](const PayloadJob& job) {
    return std::ranges::all_of(job.source->groups(), is_contiguous);
  };
  return a.source->has_gradients_of(*b.source) && is_in_order(a) && is_in_order(b);
}

std::vector<EncodedSizes> take_sizes_alone(const std::vector<PayloadJob*>& jobs, const Study& study, unsigned threads,
                                           PayloadCache& cache, const OnElements& step) {
  const GradientSource& source = *jobs.front()->source;
  std::vector<std::unique_ptr<Looks>> looks;
  for (PayloadJob* job : jobs) looks.push_back(std::make_unique<Looks>(*job, study, cache));
  const std::vector<Block> blocks = blocks_of(jobs, source.model());
  std::uint64_t largest = 0;
  for (const Block& block : blocks) largest = std::max(largest, block.whole.elements);
  source.for_each_worker(0, source.workers(), threads, largest, 0,
                         [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
                           for (const Block& block : blocks) {
                             std::span<const float> gradient;
                             if (!block.whole.is_dense) gradient = source.fill(worker, block.whole, inner, buffer);
                             parallel_for(jobs.size(), inner, [&](std::size_t j) {
                               for (const Block::Part& part : block.parts[j]) {
                                 const std::uint64_t elements = jobs[j]->source->groups()[part.group].elements;
                                 if (!looks[j]->is_dense(part.group))
                                   looks[j]->look(worker, part.group, gradient.subspan(part.begin, elements));
                                 step(elements);
                               }
                             });
                           }
                         });
  std::vector<EncodedSizes> all;
  for (auto& each : looks) std::move(*each).take(all);
  return all;
}

}  // namespace simrun
