#include "sim/scenario/scenario_rules.hpp"

#include "sim/collectives/graph.hpp"
#include "sim/scenario/unfit_points.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

constexpr Seconds long_for_lv08{0.01};

}  // namespace

void check_grouping(const Grouping& grouping, const Model& model, const Where& where) {
  if (std::holds_alternative<Grouping::Search>(grouping.how)) return;
  try {
    make_schedule(model, grouping);
  } catch (const GroupingError& error) {
    Where groups = where / "groups";
    if (error.dense) (where / "dense" / *error.dense).fail(error.what(), "accepted: the number of each group once");
    if (error.place) groups = groups / error.place->first / error.place->second;
    groups.fail(error.what(), "accepted: every tensor of the model in one group");
  }
}

void check_together(const Scenario& scenario, const Where& top) {
  if (scenario.host && scenario.network.gpus_per_host > 1)
    (top / "host")
        .fail("does not go with several GPUs a host", "leave it out; network.intra_host has the way to the card");
  if (std::holds_alternative<Grouping::Search>(scenario.grouping.how) && scenario.decode != DecodeTime::after_backward)
    (top / "schedule" / "decode")
        .fail("does not go with a grouping that is searched for",
              "accepted: after-backward, by whose rules is searched");
}

void check_size(const Scenario& scenario, const Where& here) {
  const std::string name(scenario.method.method->name);
  const std::string most = std::to_string(Group::most_elements);
  if (scenario.method.codec->sparsifies) {
    for (const Tensor& tensor : scenario.model->tensors) {
      if (tensor.elements() > Group::most_elements)
        (here / "name")
            .fail("indices have 32 bits, tensor \"" + tensor.name + "\" has " + std::to_string(tensor.elements()) +
                      " elements",
                  "accepted: tensors of at most " + most + " elements for " + name);
    }
  }
  const auto codec = scenario.method.codec->make(scenario.method.options, nullptr);
  if (scenario.elements() > Group::most_elements && codec->sizes_need_contents() &&
      codec->combining() != Combining::gather)
    (here / "name")
        .fail("sizes of " + label(scenario.method) + " follow from whole gradients, the model has " +
                  std::to_string(scenario.elements()) + " parameters",
              "accepted: at most " + most + " parameters");
}

namespace {

/// Hosts that have as many GPUs each, nothing between them and the network that would take time, and nothing in
/// training that is a worker's own.
void check_hierarchy(const Scenario& scenario, const Where& where) {
  const MethodChoice& method = scenario.method;
  if (method.hierarchy == Hierarchy::flat) return;
  const auto refuse = [&](bool asked, const std::string& what, const std::string& instead) {
    if (asked) where.fail(what, "accepted: flat, or " + instead);
  };
  const auto is_unfit = [&](bool asked, const std::string& what, const std::string& instead, std::string reason) {
    if (asked) throw UnfitPoint(where, what, "accepted: flat, or " + instead, std::move(reason));
  };
  const int gpus = scenario.network.gpus_per_host;
  const std::string do_not_fill = "workers do not fill hosts of " + std::to_string(gpus) + " GPUs";
  is_unfit(scenario.workers > gpus && scenario.workers % gpus != 0,
           std::to_string(scenario.workers) + " " + do_not_fill, "a multiple of network.gpus_per_host as workers",
           do_not_fill);
  refuse(scenario.host.has_value(), "does not go with host", "leave host out");
  refuse(std::holds_alternative<GradientFiles>(scenario.gradients), "does not go with gradients from files",
         "gradients of source synthetic");
  if (!scenario.training) return;
  is_unfit(scenario.training->method.selection == MethodTraining::Selection::tensor,
           "does not go with selection by tensor", "selection group",
           "selection by tensor of " + std::string(method.method->name));
  refuse(!scenario.training->saved_rounds.empty(), "does not go with training.save_gradients", "leave that out");
}

/// Sums of whole numbers that fit their bits.
void check_sums(const Scenario& scenario, const Where& where) {
  const MethodChoice& method = scenario.method;
  const int summed = scenario.host_groups().hosts();
  const unsigned most = levels_in_sum(method.options.bits, 1);
  if (method.options.requantizes || static_cast<unsigned>(summed) <= most) return;
  where.fail("sums of " + std::to_string(summed) + " whole numbers do not fit " + std::to_string(method.options.bits) +
                 " bits",
             "accepted: true, or at most " + std::to_string(most) + " that are added up");
}

void check_graph(const Graph& graph, int workers, const Where& where) {
  const auto [rows, columns] = torus_sides(workers);
  if (graph.kind == Graph::Kind::torus && workers > 1 && rows < 3)
    where.fail("a torus has at least 3 rows and columns, " + std::to_string(workers) + " workers make " +
                   std::to_string(rows) + " x " + std::to_string(columns),
               "accepted: ring, or as many workers as such a grid has, like 9, 12, 16 or 20");
  if (graph.kind == Graph::Kind::listed && graph.lists->size() != static_cast<std::size_t>(workers))
    (where / "edges")
        .fail("they join ranks 0 to " + std::to_string(graph.lists->size() - 1) + ", and there " +
                  (workers == 1 ? "is 1 worker" : "are " + std::to_string(workers) + " workers"),
              "accepted: " + std::to_string(graph.lists->size()) + " workers, or ring, torus or complete");
}

}  // namespace

void check_neighbours(const Scenario& scenario, const Where& top, const Where& here) {
  const MethodChoice& method = scenario.method;
  if (!method.local.with_neighbours) return;
  const std::string name(method.method->name);
  check_graph(method.options.graph, scenario.workers, here / "graph");
  if (method.hierarchy != Hierarchy::flat) {
    const std::string why = name + " exchanges models of single GPUs";
    throw UnfitPoint(here / "hierarchy", why, "accepted: flat", why);
  }
  if (method.error_feedback) (here / "error_feedback").fail(name + " keeps no residual", "accepted: false");
  const auto* named = std::get_if<Grouping::Explicit>(&scenario.grouping.how);
  if (named != nullptr && !named->dense.empty())
    ((method.grouping ? here : top / "schedule") / "grouping" / "dense")
        .fail("does not go with " + name, "leave it out, or " + name);
  if (scenario.training && scenario.training->adversaries.share > 0)
    (top / "training" / "adversaries")
        .fail("does not go with " + name + ", which sends no gradients", "leave it out, or " + name);
}

void check_training(const Scenario& scenario, const Where& top, const Where& here) {
  check_hierarchy(scenario, here / "hierarchy");
  check_sums(scenario, here / "requantize");
  if (scenario.training && scenario.method.local.is_local() && !scenario.training->saved_rounds.empty())
    (top / "training" / "save_gradients")
        .fail("does not go with " + std::string(scenario.method.method->name) +
                  ", whose workers step on their own: what they send are no gradients",
              "leave it out, or such methods");
  const auto* named = std::get_if<Grouping::Explicit>(&scenario.grouping.how);
  if (scenario.training && named != nullptr && !named->dense.empty())
    ((scenario.method.grouping ? here : top / "schedule") / "grouping" / "dense")
        .fail("does not go with training", "leave it out, or training");
}

std::vector<std::string> notes_on(const Scenario& scenario, const Where& here) {
  const Network& network = scenario.network;
  std::vector<std::string> notes;
  if (scenario.method.error_feedback && !scenario.method.leaves_residual())
    notes.push_back((here / "error_feedback").path + ": " + std::string(scenario.method.method->name) +
                    " leaves no residual, so it changes nothing");
  const LocalSteps& local = scenario.method.local;
  if (local.delay > 0 && local.merge_weight == 0 && !local.keeps_steps)
    notes.push_back((here / "delay").path + ": with merge_weight 0 a result takes the place of what workers learn " +
                    "while it is on its way, " + std::to_string(local.delay) + " of every " +
                    std::to_string(local.steps) + " steps" +
                    (local.delay == local.steps ? ": in training, that is all" : ""));
  const std::vector<Tensor>& tensors = scenario.model->tensors;
  if (!scenario.model->assumed.empty() && !scenario.compute.backward_by_tensor.empty())
    notes.push_back("compute.backward_by_tensor: the first time is taken for " + brief(tensors.front().name) +
                    ", the last for " + brief(tensors.back().name) + ", as the model's file has them");
  if (const auto& on = scenario.compute.measured_on) {
    const bool is_cpu = on->kind == MeasuredOn::Kind::cpu;
    const DeviceProfile& device = *scenario.device;
    if (is_cpu != device.is_of_processor())
      notes.push_back(std::string("compute.measured_on: these times are of a ") + (is_cpu ? "cpu" : "gpu") +
                      ", coding times of a " + (is_cpu ? "gpu (" : "cpu (") + device.name +
                      "); take both from one machine");
  }
  if (scenario.method.hierarchy != Hierarchy::flat && network.gpus_per_host == 1)
    notes.push_back((here / "hierarchy").path + ": one GPU a host, so it changes nothing");
  if (network.model == Network::Model::lv08 && network.latency >= long_for_lv08)
    notes.push_back("network.latency: lv08 takes 13.01 times the latency, " + show(13.01 * network.latency) +
                    " a message here; it was compared with no network of " + show(long_for_lv08) + " or more");
  return notes;
}

}  // namespace simrun
