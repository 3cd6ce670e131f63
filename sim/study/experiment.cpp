#include "sim/study/experiment.hpp"

#include <malloc.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <map>

#include "sim/study/break_even.hpp"
#include "sim/study/fastest.hpp"
#include "sim/study/long_points.hpp"
#include "sim/study/point_setup.hpp"
#include "sim/study/times_text.hpp"
#include "sim/system/child_process.hpp"
#include "sim/system/large_pages.hpp"

namespace simrun {
namespace {

/// What a child does for a point, with the payloads that its scenario sends.
using Task = std::function<std::string(std::size_t point, const PayloadTable& payloads)>;

std::string run_point(const Scenario& scenario, const PayloadTable& payloads, std::size_t point,
                      const TraceFolder* traces) {
  Setup setup = make_setup(scenario, payloads);
  setup.keep_spans = traces != nullptr;
  const Times times = simulate(setup);
  if (traces != nullptr) traces->write(point, times);
  return times_json(times).dump();
}

Times simulate_here(const Scenario& scenario, const PayloadTable& payloads, double encode_factor) {
  Setup setup = make_setup(scenario, payloads);
  setup.plan.encode_factor = encode_factor;
  return simulate(setup);
}

}  // namespace

Times simulate_point(const Scenario& scenario, const PayloadTable& payloads, double encode_factor) {
  return read_times(Json::parse(run_in_child([&] {
    ::signal(SIGINT, SIG_IGN);
    return times_json(simulate_here(scenario, payloads, encode_factor)).dump();
  })));
}

namespace {

/// Equal for points that one process may simulate, one after another; empty for what needs a process of its own.
std::string cluster_name(const Scenario& scenario) {
  if (!can_begin_anew(scenario.network)) return "";
  return scenario.resolved->at("network").dump() + "/" + std::to_string(scenario.workers) +
         (needs_server(scenario) ? "/server" : "");
}

/// The points of a batch as they are handed to children: those that take long first and one by one, so that none is
/// left to run alone, then those on like clusters after each other. Numbers are those in the batch.
class Queue {
 public:
  Queue(const Study& study, const PayloadStage::Batch& batch) {
    constexpr Seconds long_time(1);
    std::vector<std::pair<Seconds, std::size_t>> longest;
    std::map<std::string, std::size_t> places;
    for (std::size_t number = 0; number < batch.points.size(); ++number) {
      const Scenario& scenario = study.points[batch.points[number]].scenario;
      const Seconds time = time_to_simulate(scenario);
      if (time >= long_time) {
        longest.emplace_back(time, number);
        continue;
      }
      const std::string name = cluster_name(scenario);
      const auto [place, is_new] = places.try_emplace(name, alike_.size());
      if (is_new || name.empty()) {
        place->second = alike_.size();
        alike_.emplace_back();
      }
      alike_[place->second].push_back(number);
    }
    std::ranges::stable_sort(longest, [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto each = longest.rbegin(); each != longest.rend(); ++each) alike_.push_front({each->second});
  }

  bool is_empty() const { return alike_.empty(); }

  /// The next point, which stays the next until it is taken.
  std::size_t front() const { return alike_.front().front(); }

  void take() {
    alike_.front().pop_front();
    if (!alike_.front().empty()) return;
    alike_.pop_front();
    ++cluster_;
  }

  /// Clusters that points are still to be taken of.
  std::size_t clusters() const { return alike_.size(); }

  /// Changes where the next point is on another cluster than the one before.
  std::size_t cluster() const { return cluster_; }

 private:
  std::deque<std::deque<std::size_t>> alike_;
  std::size_t cluster_ = 0;
};

PointResult result_of(const ChildPool::Result& child, const Scenario& scenario, const PayloadTable& table) {
  PointResult result;
  if (child.output) result.times = read_times(Json::parse(*child.output));
  result.failure = child.failure;
  result.payload_bytes = bytes_of_step(scenario, table);
  return result;
}

void run_batch(const Study& study, const PayloadStage::Batch& batch, unsigned jobs, const Task& task,
               const OnResult& on_result) {
  ChildPool pool;
  const ChildPool::Work work = [&](std::size_t number) { return task(batch.points[number], *batch.tables[number]); };
  Queue queue(study, batch);
  ::malloc_trim(0);  // what payloads took to make, every child would get a map of
  // A child copies each page that it writes to, large ones, too.
  constexpr std::size_t many_children = 256;
  if (queue.clusters() > many_children) use_large_pages();
  std::map<std::size_t, std::size_t> clusters;  // of points on their way
  // True if the next point is on its way, or has failed for good because not even one child can be started.
  const auto start_next = [&] {
    const std::size_t number = queue.front();
    try {
      pool.start(number, work);
      clusters[number] = queue.cluster();
    } catch (const ChildFailure& failure) {
      if (pool.running() > 0) return false;
      on_result(batch.points[number], {.times = {}, .payload_bytes = 0, .failure = failure.what()});
    }
    queue.take();
    return true;
  };
  const auto give_next = [&](int child, std::size_t cluster) {
    if (queue.is_empty() || queue.cluster() != cluster) return pool.end(child);
    pool.go_on(child, queue.front());
    clusters[queue.front()] = cluster;
    queue.take();
  };
  while (!queue.is_empty() || pool.running() > 0) {
    while (!queue.is_empty() && pool.running() < jobs && start_next()) {
    }
    if (pool.running() == 0) continue;
    const ChildPool::Result child = pool.wait();
    if (child.child) give_next(*child.child, clusters.at(child.task));
    const std::size_t point = batch.points[child.task];
    on_result(point, result_of(child, study.points[point].scenario, *batch.tables[child.task]));
  }
}

}  // namespace

void run_points(const Study& study, PayloadStage& payloads, const RunOptions& options, const OnResult& on_result) {
  const Task task = [&](std::size_t point, const PayloadTable& table) {
    return run_point(study.points[point].scenario, table, point, options.traces);
  };
  while (const auto batch = payloads.next()) run_batch(study, *batch, options.jobs, task, on_result);
}

void run_at_break_even(const Study& study, const std::vector<PointResult>& results, PayloadStage& payloads,
                       const RunOptions& options, const OnResult& on_result) {
  const Task task = [&](std::size_t point, const PayloadTable& table) {
    const Scenario& scenario = study.points[point].scenario;
    const auto simulated = [&](double factor) {
      return can_begin_anew(scenario.network) ? simulate_here(scenario, table, factor)
                                              : simulate_point(scenario, table, factor);
    };
    const Seconds sgd = results[*fastest_sgd(study, results, point)].times->iteration;
    return times_json(search_break_even(*results[point].times, sgd, simulated)).dump();
  };
  while (const auto batch = payloads.next()) run_batch(study, *batch, options.jobs, task, on_result);
}

}  // namespace simrun
