#include "sim/study/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/devices/quantile.hpp"
#include "sim/study/times_text.hpp"

namespace simrun {
namespace {

using AllRanks = std::vector<RankMeasurement>;

/// The worker that finished an iteration last; of several the lowest.
std::size_t last_worker(const AllRanks& ranks, std::size_t workers, std::size_t iteration) {
  const auto last = std::max_element(
      ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(workers),
      [&](const auto& a, const auto& b) { return a.iterations[iteration].finish < b.iterations[iteration].finish; });
  return static_cast<std::size_t>(last - ranks.begin());
}

/// Of each iteration that counts.
std::vector<double> durations(const AllRanks& ranks, std::size_t workers, std::size_t warmup) {
  const auto end = [&](std::size_t i) { return ranks[last_worker(ranks, workers, i)].iterations[i].finish; };
  std::vector<double> all;
  for (std::size_t i = warmup; i < ranks.front().iterations.size(); ++i) all.push_back((end(i) - end(i - 1)).value);
  return all;
}

std::string count_text(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string summary(const MeasuredRun& measurement) {
  const std::set<std::string> hosts(measurement.hosts.begin(), measurement.hosts.end());
  return "measured: " + count_text(measurement.hosts.size(), "rank") + " on " + count_text(hosts.size(), "host") +
         ", " + measurement.mpi + ", " + count_text(static_cast<std::size_t>(measurement.iterations), "iteration") +
         " after " + std::to_string(measurement.warmup);
}

Json measurement_json(const MeasuredRun& measurement) {
  return {{"iterations", measurement.iterations},
          {"warmup", measurement.warmup},
          {"mpi", measurement.mpi},
          {"hosts", measurement.hosts}};
}

MeasuredSteps measured_steps(const IterationPlan& plan) {
  const LocalSteps& local = plan.local;
  if (plan.pace.jitters() || !plan.pace.stragglers.empty()) return {local, local.steps, {}};
  const std::int64_t waited = std::min(local.steps, local.fragments * (local.delay + 2));
  Seconds step = plan.forward + plan.update;
  for (const IterationPlan::Stage& stage : plan.stages) {
    for (const Seconds backward : stage.backward) step += backward;
  }
  return {local, waited, static_cast<double>(local.steps - waited) * step};
}

std::string serialised(const RankMeasurement& measurement) {
  Times used;
  used.used = measurement.used;
  Json iterations = Json::array();
  for (const IterationRecord& i : measurement.iterations)
    iterations.push_back({i.finish.value, i.compute.value, i.encode.value, i.decode.value, i.result_bytes,
                          i.traffic.sent, i.traffic.received, i.leads, i.exchanging.value});
  return Json{
      {"iterations", iterations}, {"used", times_json(used)["used"]}, {"payload_bytes", measurement.payload_bytes}}
      .dump();
}

RankMeasurement deserialised(const std::string& text) {
  const Json json = Json::parse(text);
  RankMeasurement measurement;
  for (const Json& i : json["iterations"]) {
    IterationRecord record;
    record.finish = Seconds(i[0].get<double>());
    record.compute = Seconds(i[1].get<double>());
    record.encode = Seconds(i[2].get<double>());
    record.decode = Seconds(i[3].get<double>());
    record.result_bytes = i[4];
    record.traffic = {i[5], i[6]};
    record.leads = i[7];
    record.exchanging = Seconds(i[8].get<double>());
    measurement.iterations.push_back(record);
  }
  Json times = times_json({});
  times["used"] = json["used"];
  measurement.used = read_times(times).used;
  measurement.payload_bytes = json["payload_bytes"];
  return measurement;
}

PointResult point_result(const AllRanks& ranks, std::size_t workers, std::size_t warmup, const MeasuredSteps& steps) {
  const std::vector<double> all = durations(ranks, workers, warmup);
  std::vector<double> ascending = all;
  std::sort(ascending.begin(), ascending.end());
  const double median = quantile(ascending, 0.5);
  const auto nearest = std::min_element(
      all.begin(), all.end(), [&](double a, double b) { return std::abs(a - median) < std::abs(b - median); });
  const std::size_t typical = warmup + static_cast<std::size_t>(nearest - all.begin());
  const IterationRecord* leader = nullptr;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    const IterationRecord& record = ranks[worker].iterations[typical];
    if (record.leads && (leader == nullptr || record.finish > leader->finish)) leader = &record;
  }
  const IterationRecord& shown =
      leader != nullptr ? *leader : ranks[last_worker(ranks, workers, typical)].iterations[typical];

  Times times;
  times.compute = shown.compute;
  times.encode = shown.encode;
  times.decode = shown.decode;
  const Seconds busy = times.compute + times.encode + times.decode;
  // A device that is always busy may seem to be more than that, by the grain of real clocks.
  times.iteration = std::max(Seconds(median), busy);
  times.communication = times.iteration - busy;
  times.interval = Interval{Seconds(quantile(ascending, 0.05)), Seconds(quantile(ascending, 0.95))};
  for (Seconds* time : {&times.compute, &times.iteration, &times.interval->low, &times.interval->high})
    *time += steps.not_waited;
  for (std::size_t worker = 0; worker < workers; ++worker)  // a server decodes nothing
    times.result_bytes = std::max(times.result_bytes, ranks[worker].iterations[typical].result_bytes);
  double payload_bytes = 0;
  for (const RankMeasurement& rank : ranks) {
    times.sent_bytes = std::max(times.sent_bytes, rank.iterations.back().traffic.sent);
    times.received_bytes = std::max(times.received_bytes, rank.iterations.back().traffic.received);
    include(times.used, rank.used);
    payload_bytes += rank.payload_bytes;
  }
  share_among_steps(times, shown.exchanging, steps.local);
  return {.times = times, .payload_bytes = payload_bytes / static_cast<double>(workers), .failure = {}};
}

}  // namespace simrun
