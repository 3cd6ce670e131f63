// What a worker does that steps on its own and exchanges fragments of its model now and then.

#include <algorithm>

#include "sim/simulation/worker.hpp"

namespace simrun {

void Worker::exchange_fragments(IterationRecord& record) {
  const LocalSteps& local = plan_.local;
  for (std::int64_t fragment = 0; fragment < local.fragments; ++fragment) {
    const std::int64_t exchange = static_cast<std::int64_t>(iteration_) * local.fragments + fragment;
    submit_steps(local.begin_of(exchange) + local.delay);
    exchange_fragment(static_cast<std::size_t>(fragment), record);
  }
  // With a delay later steps are under way.
  if (local.delay == 0) device_.finish();
}

/// Gives the device all steps up to and with `last`, and encoding where it is due.
void Worker::submit_steps(std::int64_t last) {
  const LocalSteps& local = plan_.local;
  while (steps_ < last) {
    const std::int64_t due = local.begin_of(encodings_);
    const std::int64_t end = std::min(due, last);
    device_.submit_divisible(Activity::compute, compute_time(steps_, end));
    steps_ = end;
    if (end < due) continue;
    const auto iteration = static_cast<std::uint64_t>(encodings_ / local.fragments);
    const auto fragment = static_cast<std::size_t>(encodings_++ % local.fragments);
    for (std::size_t group = 0; group < plan_.stages.size(); ++group) {
      if (plan_.stages[group].fragment == fragment)
        to_exchange_.push_back(device_.submit(Activity::encode, encode_time(group, 0, iteration)));
    }
  }
}

/// Of the steps after `first` up to and with `last`.
Seconds Worker::compute_time(std::int64_t first, std::int64_t last) const {
  Seconds step = plan_.forward + plan_.update;
  for (const IterationPlan::Stage& stage : plan_.stages) {
    for (const Seconds backward : stage.backward) step += backward;
  }
  const auto factor = [&](std::int64_t at) {
    return plan_.pace.factor(transport_.rank(), static_cast<std::uint64_t>(at));
  };
  if (!plan_.pace.jitters()) return static_cast<double>(last - first) * factor(first) * step;
  double steps = 0;
  for (std::int64_t at = first; at < last; ++at) steps += factor(at);
  return steps * step;
}

/// Groups of the fragment, one after another, as soon as each is encoded.
void Worker::exchange_fragment(std::size_t fragment, IterationRecord& record) {
  Seconds begin;
  Seconds encoding;
  bool is_first = true;
  for (std::size_t group = 0; group < plan_.stages.size(); ++group) {
    if (plan_.stages[group].fragment != fragment) continue;
    device_.finish(to_exchange_.front());
    to_exchange_.pop_front();
    if (std::exchange(is_first, false)) {
      begin = transport_.now();
      encoding = encode_time(group, 0, iteration_);
    }
    const Span exchange = exchange_group(group, record);
    if (exchange.end > exchange.begin) record.exchanges.push_back(exchange);
  }
  share_decoded(record);
  staging_.work();
  record.fragment_ends.push_back(record.exchanges.size());
  record.exchanging += encoding + std::max(transport_.now(), device_.started_until()) - begin;
}

}  // namespace simrun
