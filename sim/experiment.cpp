#include "sim/experiment.hpp"

#include "sim/child_process.hpp"
#include "sim/trace.hpp"

namespace simrun {
namespace {

std::string to_text(const Times& times) {
  Json used = Json::object();
  for (const auto& [operation, extents] : times.used) {
    for (const Extent& extent : extents) used[operation].push_back({extent.least, extent.most});
  }
  return Json{{"iteration", times.iteration.value},
              {"compute", times.compute.value},
              {"encode", times.encode.value},
              {"communication", times.communication.value},
              {"decode", times.decode.value},
              {"result_bytes", times.result_bytes},
              {"sent_bytes", times.sent_bytes},
              {"received_bytes", times.received_bytes},
              {"used", used}}
      .dump();
}

Times from_text(const std::string& text) {
  const Json json = Json::parse(text);
  Times times;
  times.iteration = Seconds(json["iteration"].get<double>());
  times.compute = Seconds(json["compute"].get<double>());
  times.encode = Seconds(json["encode"].get<double>());
  times.communication = Seconds(json["communication"].get<double>());
  times.decode = Seconds(json["decode"].get<double>());
  json["result_bytes"].get_to(times.result_bytes);
  json["sent_bytes"].get_to(times.sent_bytes);
  json["received_bytes"].get_to(times.received_bytes);
  for (const auto& [operation, extents] : json["used"].items()) {
    for (const Json& extent : extents)
      times.used[operation].push_back({extent[0].get<double>(), extent[1].get<double>()});
  }
  return times;
}

std::string run_point(const Scenario& scenario, const PayloadTable& payloads, const std::string& trace_file) {
  Setup setup = make_setup(scenario, payloads);
  setup.keep_spans = !trace_file.empty();
  const Times times = simulate(setup);
  if (!trace_file.empty()) write_trace(trace_file, scenario, times);
  return to_text(times);
}

std::string trace_name(std::size_t row, const Scenario& scenario) {
  std::string number = std::to_string(row);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return number + "-" + std::string(scenario.method.method->name) + "-" + std::to_string(scenario.workers) + ".json";
}

}  // namespace

IterationPlan make_plan(const Scenario& scenario, const PayloadTable& payloads) {
  IterationPlan plan;
  plan.forward = scenario.compute.forward;
  plan.update = scenario.compute.update;
  const std::vector<Seconds> backward = scenario.compute.backward_by_tensor.empty()
                                            ? share_backward(*scenario.model, *scenario.compute.backward)
                                            : scenario.compute.backward_by_tensor;
  std::size_t remaining = backward.size();  // tensors whose backward pass is still to come
  const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    IterationPlan::Stage stage;
    while (remaining > groups[g].tensors.front()) stage.backward.push_back(backward[--remaining]);
    const Payload& payload = payloads.at(0, g);
    stage.encode = {.stage = Stage::encode,
                    .kind = payload.kind(),
                    .index = payload.index(),
                    .elements = static_cast<double>(payload.elements()),
                    .entries = static_cast<double>(payload.entries())};
    plan.stages.push_back(std::move(stage));
  }
  return plan;
}

Setup make_setup(const Scenario& scenario, const PayloadTable& payloads) {
  Setup setup;
  setup.workers = scenario.workers;
  setup.network = scenario.network;
  setup.server_host = scenario.method.needs_server_host() && scenario.workers > 1;
  setup.plan = make_plan(scenario, payloads);
  setup.rounds = make_rounds(scenario.method, make_cpu_primitives(1));
  setup.profile = scenario.device.get();
  setup.payload = [&payloads](int worker, std::size_t group) -> const Payload& {
    return payloads.at(static_cast<std::size_t>(worker), group);
  };
  return setup;
}

namespace {

void run_batch(const Study& study, const PayloadStage::Batch& batch, const RunOptions& options,
               const OnResult& on_result) {
  ChildPool pool;
  std::size_t started = 0;
  // True if the next point is on its way, or has failed for good because not even one child can be started.
  const auto start_next = [&] {
    const std::size_t point = batch.points[started];
    const Scenario& scenario = study.points[point].scenario;
    const PayloadTable& table = *batch.tables[started];
    const std::string trace =
        options.trace_folder.empty() ? "" : options.trace_folder + "/" + trace_name(point, scenario);
    try {
      pool.start(started, [&scenario, &table, trace] { return run_point(scenario, table, trace); });
    } catch (const ChildFailure& failure) {
      if (pool.running() > 0) return false;
      on_result(point, {.times = {}, .payload_bytes = 0, .failure = failure.what()});
    }
    ++started;
    return true;
  };
  while (started < batch.points.size() || pool.running() > 0) {
    while (started < batch.points.size() && pool.running() < options.jobs && start_next()) {
    }
    if (pool.running() == 0) continue;
    const ChildPool::Result child = pool.wait();
    PointResult result;
    if (child.output) result.times = from_text(*child.output);
    result.failure = child.failure;
    const std::size_t point = batch.points[child.task];
    const auto workers = static_cast<std::size_t>(study.points[point].scenario.workers);
    result.payload_bytes = batch.tables[child.task]->mean_bytes(workers);
    on_result(point, std::move(result));
  }
}

}  // namespace

void run_points(const Study& study, PayloadStage& payloads, const RunOptions& options, const OnResult& on_result) {
  while (const auto batch = payloads.next()) run_batch(study, *batch, options, on_result);
}

}  // namespace simrun
