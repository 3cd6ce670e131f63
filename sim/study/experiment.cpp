#include "sim/study/experiment.hpp"

#include <malloc.h>
#include <signal.h>

#include <algorithm>

#include "kernels/layout.hpp"
#include "sim/simulation/network_error.hpp"
#include "sim/study/break_even.hpp"
#include "sim/study/fastest.hpp"
#include "sim/study/long_points.hpp"
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

/// What a round encodes. Kept values that are added up are dense, and take what others of as many bits do.
void set_round_work(const Round& round, const Payload& payload, Work& work) {
  const bool is_narrow = round.entry->sparsifies && precision_of(payload.kind()) != Precision::fp32;
  work.kind = payload.kind();
  if (payload.index() != IndexCoding::none) work.index = payload.index();
  work.values = is_narrow ? ValueCoding::fp16 : values_of(payload.header().format);
  work.entries = static_cast<double>(payload.entries());
  work.codec = round.entry->name;
}

}  // namespace

namespace {

/// What is exchanged of the scenario's groups, each once, with the backward pass before it.
std::vector<IterationPlan::Stage> make_stages(const Scenario& scenario, const PayloadTable& payloads) {
  std::vector<IterationPlan::Stage> stages;
  const std::vector<Seconds> backward = scenario.compute.backward_by_tensor.empty()
                                            ? share_backward(*scenario.model, scenario.compute.backward)
                                            : scenario.compute.backward_by_tensor;
  std::size_t remaining = backward.size();  // tensors whose backward pass is still to come
  const HostGroups hosts = scenario.host_groups();
  const std::vector<Group> groups = encoded_groups(scenario);
  const std::vector<Round> own = make_rounds(scenario.method, nullptr, hosts.hierarchy);
  const std::vector<Round> dense = make_dense_rounds(scenario.method, nullptr, hosts.hierarchy);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    IterationPlan::Stage stage;
    stage.is_dense = groups[g].is_dense;
    stage.fragment = groups[g].fragment;
    if (const Payload* combined = payloads.combined(static_cast<std::size_t>(hosts.encoders()), g))
      stage.combined = *combined;
    const std::vector<Round>& rounds = stage.is_dense ? dense : own;
    while (remaining > groups[g].tensors.front()) stage.backward.push_back(backward[--remaining]);
    // One after another, since a round may read the indices of one before it. The last round is decoded.
    Work work{.stage = Stage::encode, .elements = static_cast<double>(groups[g].elements)};
    // What hosts make of their GPUs' gradients is fp32.
    if (hosts.gpus == 1) work.gradient = scenario.gradient_precision;
    for (std::size_t r = 0; r < rounds.size(); ++r) {
      if (rounds[r].part != Round::Part::exchange) {
        stage.encode.push_back({});
        continue;
      }
      set_round_work(rounds[r], payloads.at(0, g, r), work);
      stage.encode.push_back(work);
      work.gradient = Precision::fp32;  // later rounds encode what the first has left, the corrected gradient
    }
    stage.decode = work;
    stage.decode.stage = Stage::decode;
    stages.push_back(std::move(stage));
  }
  return stages;
}

/// Makes a cycle of exchanges, of which the last is full, one exchange of as many fragments.
void lengthen_to_cycle(IterationPlan& plan, const std::vector<IterationPlan::Stage>& full) {
  const std::vector<IterationPlan::Stage> own = std::exchange(plan.stages, {});
  const std::int64_t cycle = plan.local.cycle();
  for (std::int64_t turn = 0; turn < cycle; ++turn) {
    const bool is_full = turn + 1 == cycle;
    for (IterationPlan::Stage stage : is_full ? full : own) {
      stage.is_dense |= is_full;
      stage.fragment += static_cast<std::size_t>(turn * plan.local.fragments);
      if (turn > 0) stage.backward.clear();
      plan.stages.push_back(std::move(stage));
    }
  }
  plan.local.steps *= cycle;
  plan.local.fragments *= cycle;
}

/// By worker, stage of the plan, round and step.
Worker::PayloadOf payload_of(const Scenario& scenario, const PayloadTable& payloads, std::size_t stages) {
  if (scenario.method.local.full_every == 0)
    return [&payloads](int worker, std::size_t group, std::size_t round, std::size_t step) -> const Payload& {
      return payloads.at(static_cast<std::size_t>(worker), group, round, step);
    };
  const auto full = std::make_shared<const PayloadTable>(in_full(scenario));
  const std::size_t groups = stages / static_cast<std::size_t>(scenario.method.local.cycle());
  return [=, &payloads](int worker, std::size_t stage, std::size_t round, std::size_t step) -> const Payload& {
    const PayloadTable& table = stage + groups < stages ? payloads : *full;
    return table.at(static_cast<std::size_t>(worker), stage % groups, round, step);
  };
}

/// That a worker encodes in a step, on average.
double bytes_of_step(const Scenario& scenario, const PayloadTable& payloads) {
  const LocalSteps& local = scenario.method.local;
  const int hosts = scenario.host_groups().hosts();
  double bytes = payloads.mean_bytes(static_cast<std::size_t>(scenario.workers), hosts);
  if (local.full_every > 0) {
    const double full = PayloadTable(in_full(scenario)).mean_bytes(1, hosts);
    bytes += (full - bytes) / static_cast<double>(local.full_every);
  }
  return bytes / static_cast<double>(local.steps);
}

}  // namespace

IterationPlan make_plan(const Scenario& scenario, const PayloadTable& payloads) {
  IterationPlan plan;
  plan.forward = scenario.compute.forward;
  plan.update = scenario.compute.update;
  plan.pace = scenario.compute.pace;
  plan.local = scenario.method.local;
  plan.decode = scenario.decode;
  plan.hosts = scenario.host_groups();
  plan.metadata_apart = scenario.metadata_apart;
  plan.stages = make_stages(scenario, payloads);
  if (plan.local.full_every > 0) {
    const Scenario full = in_full(scenario);
    lengthen_to_cycle(plan, make_stages(full, PayloadTable(full)));
  }
  return plan;
}

Setup make_setup(const Scenario& scenario, const PayloadTable& payloads) {
  Setup setup;
  setup.workers = scenario.workers;
  setup.network = scenario.network;
  setup.network_error = network_error(scenario.network);
  setup.plan = make_plan(scenario, payloads);
  // A server that no group needs would wait for nothing, for ever.
  setup.server_host =
      scenario.has_server_host() && !std::ranges::all_of(setup.plan.stages, &IterationPlan::Stage::is_dense);
  setup.rounds = make_rounds(scenario.method, make_cpu_primitives(1), setup.plan.hosts.hierarchy);
  setup.dense_rounds = make_dense_rounds(scenario.method, nullptr, setup.plan.hosts.hierarchy);
  setup.profile = scenario.device.get();
  setup.host = scenario.host;
  setup.payload = payload_of(scenario, payloads, setup.plan.stages.size());
  setup.payload_steps = payloads.steps();
  return setup;
}

Times simulate_point(const Scenario& scenario, const PayloadTable& payloads, double encode_factor) {
  return read_times(Json::parse(run_in_child([&] {
    ::signal(SIGINT, SIG_IGN);
    Setup setup = make_setup(scenario, payloads);
    setup.plan.encode_factor = encode_factor;
    return times_json(simulate(setup)).dump();
  })));
}

namespace {

/// Numbers in the batch, in its order but for points that take long, which come first: none is left to run alone.
std::vector<std::size_t> longest_first(const Study& study, const PayloadStage::Batch& batch) {
  constexpr Seconds worth_it(1);
  std::vector<std::pair<Seconds, std::size_t>> order;
  for (std::size_t i = 0; i < batch.points.size(); ++i) {
    const Seconds time = time_to_simulate(study.points[batch.points[i]].scenario);
    order.emplace_back(time < worth_it ? Seconds(0) : time, i);
  }
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> numbers;
  for (const auto& [time, number] : order) numbers.push_back(number);
  return numbers;
}

void run_batch(const Study& study, const PayloadStage::Batch& batch, unsigned jobs, const Task& task,
               const OnResult& on_result) {
  ::malloc_trim(0);  // what payloads took to make, every child would get a map of
  use_large_pages();
  ChildPool pool;
  const std::vector<std::size_t> order = longest_first(study, batch);
  std::size_t started = 0;
  // True if the next point is on its way, or has failed for good because not even one child can be started.
  const auto start_next = [&] {
    const std::size_t number = order[started];
    const std::size_t point = batch.points[number];
    const PayloadTable& table = *batch.tables[number];
    try {
      pool.start(number, [&] { return task(point, table); });
    } catch (const ChildFailure& failure) {
      if (pool.running() > 0) return false;
      on_result(point, {.times = {}, .payload_bytes = 0, .failure = failure.what()});
    }
    ++started;
    return true;
  };
  while (started < batch.points.size() || pool.running() > 0) {
    while (started < batch.points.size() && pool.running() < jobs && start_next()) {
    }
    if (pool.running() == 0) continue;
    const ChildPool::Result child = pool.wait();
    PointResult result;
    if (child.output) result.times = read_times(Json::parse(*child.output));
    result.failure = child.failure;
    const std::size_t point = batch.points[child.task];
    result.payload_bytes = bytes_of_step(study.points[point].scenario, *batch.tables[child.task]);
    on_result(point, std::move(result));
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
    const auto simulated = [&](double factor) { return simulate_point(study.points[point].scenario, table, factor); };
    const Seconds sgd = results[*fastest_sgd(study, results, point)].times->iteration;
    return times_json(search_break_even(*results[point].times, sgd, simulated)).dump();
  };
  while (const auto batch = payloads.next()) run_batch(study, *batch, options.jobs, task, on_result);
}

}  // namespace simrun
