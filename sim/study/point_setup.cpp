#include "sim/study/point_setup.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/layout.hpp"
#include "sim/simulation/network_error.hpp"

namespace simrun {
namespace {

/// What a round encodes. Kept values that are added up are dense, and take what others of as many bits do.
void set_round_work(const Round& round, const Payload& payload, Work& work) {
  const bool is_narrow = round.entry->sparsifies && precision_of(payload.kind()) != Precision::fp32;
  work.kind = payload.kind();
  if (payload.index() != IndexCoding::none) work.index = payload.index();
  work.values = is_narrow ? ValueCoding::fp16 : values_of(payload.header().format);
  work.entries = static_cast<double>(payload.entries());
  work.codec = round.entry->name;
}

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
    // What hosts make of their GPUs' gradients is fp32, as models are.
    if (hosts.gpus == 1 && !scenario.method.local.with_neighbours) work.gradient = scenario.gradient_precision;
    for (std::size_t r = 0; r < rounds.size(); ++r) {
      if (rounds[r].part != Round::Part::exchange) {
        stage.encode.push_back({});
        continue;
      }
      const Payload& first = payloads.at(0, g, r);
      if (r > 0 && first.size() == 0) {
        stage.empty_rounds.insert(r);
        stage.encode.push_back({});
        continue;
      }
      set_round_work(rounds[r], first, work);
      stage.encode.push_back(work);
      work.gradient = Precision::fp32;  // later rounds encode what the first has left, the corrected gradient
    }
    stage.decode = work;
    stage.decode.stage = Stage::decode;
    stages.push_back(std::move(stage));
  }
  return stages;
}

/// Makes a cycle of exchanges one exchange of as many fragments. `full`: the last of them, where it is dense.
void lengthen_to_cycle(IterationPlan& plan, const std::vector<IterationPlan::Stage>& full) {
  const std::vector<IterationPlan::Stage> own = std::exchange(plan.stages, {});
  const std::int64_t cycle = plan.local.cycle();
  for (std::int64_t turn = 0; turn < cycle; ++turn) {
    const bool is_full = plan.local.full_every > 0 && turn + 1 == cycle;
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
  if (scenario.method.local.with_neighbours)
    return [&payloads, groups = stages / payloads.steps()](int worker, std::size_t stage, std::size_t round,
                                                           std::size_t) -> const Payload& {
      return payloads.at(static_cast<std::size_t>(worker), stage % groups, round, stage / groups);
    };
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

}  // namespace

bool needs_server(const Scenario& scenario) {
  return scenario.has_server_host() && !std::ranges::all_of(encoded_groups(scenario), &Group::is_dense);
}

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

IterationPlan make_plan(const Scenario& scenario, const PayloadTable& payloads) {
  IterationPlan plan;
  plan.forward = scenario.compute.forward;
  plan.update = scenario.compute.update;
  plan.pace = scenario.compute.pace;
  plan.local = scenario.method.local;
  plan.graph = scenario.method.options.graph;
  plan.decode = scenario.decode;
  plan.hosts = scenario.host_groups();
  plan.metadata_apart = scenario.metadata_apart;
  plan.stages = make_stages(scenario, payloads);
  if (plan.local.full_every > 0) {
    const Scenario full = in_full(scenario);
    lengthen_to_cycle(plan, make_stages(full, PayloadTable(full)));
  } else if (plan.local.with_neighbours) {
    lengthen_to_cycle(plan, {});
  }
  return plan;
}

Setup make_setup(const Scenario& scenario, const PayloadTable& payloads) {
  Setup setup;
  setup.workers = scenario.workers;
  setup.network = scenario.network;
  setup.network_error = network_error(scenario.network);
  setup.plan = make_plan(scenario, payloads);
  setup.server_host = needs_server(scenario);
  setup.rounds = make_rounds(scenario.method, make_cpu_primitives(1), setup.plan.hosts.hierarchy);
  setup.dense_rounds = make_dense_rounds(scenario.method, nullptr, setup.plan.hosts.hierarchy);
  setup.profile = scenario.device.get();
  setup.host = scenario.host;
  setup.payload = payload_of(scenario, payloads, setup.plan.stages.size());
  setup.payload_steps = setup.plan.local.with_neighbours ? 1 : payloads.steps();
  return setup;
}

}  // namespace simrun
