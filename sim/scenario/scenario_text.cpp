#include "sim/scenario/scenario_text.hpp"

#include <bit>
#include <limits>

#include "sim/scenario/compute_text.hpp"
#include "sim/scenario/entry_field.hpp"
#include "sim/scenario/gradients_text.hpp"
#include "sim/scenario/graph_text.hpp"
#include "sim/scenario/host_text.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/model_text.hpp"
#include "sim/scenario/network_text.hpp"
#include "sim/scenario/plan_text.hpp"

namespace simrun {
namespace {

const CodecEntry& codec_of(const MethodText& text) {
  return *find_codec(text.method->codec());
}

Json shown(const CodecParameter& parameter, const CodecOptions& options) {
  if (is_switch(parameter)) return parameter.get(options) != 0;
  return parameter.words.empty() ? Json(parameter.get(options)) : Json(parameter.text_of(options));
}

Field<std::int64_t> number_field(const CodecParameter& parameter) {
  if (!parameter.powers_of_two) return whole(parameter.least, parameter.most);
  const std::string accepted = std::string("accepted: ") + (parameter.least == 0 ? "0, or " : "") +
                               "a power of two from 32 to " + std::to_string(parameter.most);
  return convert(whole(parameter.least, parameter.most, accepted), [accepted](std::int64_t number, const Where& where) {
    if (number == 0) return number;
    if (number < 32) where.fail(std::to_string(number) + " is out of range", accepted);
    if (!std::has_single_bit(static_cast<std::uint64_t>(number)))
      where.fail(std::to_string(number) + " is no power of two", accepted);
    return number;
  });
}

Field<std::int64_t> parameter_field(const CodecParameter& parameter) {
  if (parameter.words.empty()) return number_field(parameter);
  if (is_switch(parameter)) return convert(boolean(), [](bool is_on, const Where&) { return std::int64_t{is_on}; });
  std::vector<std::pair<std::string, std::int64_t>> words;
  Json summaries = Json::array();
  for (const ParameterWord& word : parameter.words) {
    words.emplace_back(word.word, word.value);
    if (!word.summary.empty()) summaries.push_back(word.summary);
  }
  return summaries.empty() ? choice(std::move(words)) : explained(std::move(words), std::move(summaries));
}

/// A field that not all methods, or not all collectives, have a use for.
Fit used_by(std::string_view who, bool used, Json if_missing) {
  return {optional_if(used), std::string(who) + " has no use for it", "", std::move(if_missing)};
}

/// A collective as it stands in the file, and where.
struct CollectiveText {
  Json name;
  Where where;
};

/// Throws where it is none, with those that fit the method.
void take_collective(MethodText& text, const CollectiveText& given) {
  const auto* name = given.name.get_ptr<const std::string*>();
  text.collective = name != nullptr ? find_collective(*name) : nullptr;
  if (text.collective != nullptr) return;
  const std::vector<std::string> fitting = fitting_collectives(*text.method, text.options);
  const auto near = name != nullptr ? nearest(*name, fitting) : std::nullopt;
  given.where.fail("unknown value " + brief(given.name) + (near ? ", did you mean \"" + *near + "\"?" : ""),
                   "accepted for " + std::string(text.method->name) + ": " + one_of(fitting));
}

/// Reads a method's name before all else, so that keys are not blamed for a method that there is not.
Field<MethodText> name_first(Field<MethodText> field) {
  const auto name = entry_of(methods());
  field.read = [name, read = field.read](Json& value, const Where& where) {
    if (value.is_object() && value.contains("name")) name.read(value["name"], where / "name");
    return read(value, where);
  };
  return field;
}

/// A field of the methods that take the parameter.
template <class T>
void add_parameter(Object<MethodText>& object, const CodecParameter& parameter, Field<T> field,
                   std::type_identity_t<std::function<void(MethodText&, T)>> take) {
  object.either<T>(
      std::string(parameter.key),
      [&parameter](const MethodText& text) {
        return used_by(text.method->name, codec_of(text).takes(parameter), shown(parameter, text.method->options));
      },
      std::move(take), usually(std::move(field), shown(parameter, {})), std::string(parameter.about));
}

void add_parameters(Object<MethodText>& object) {
  for (const CodecParameter* parameter : codec_parameters()) {
    if (parameter->key == "graph")
      add_parameter(object, *parameter, graph_field(parameter_field(*parameter)),
                    [](MethodText& text, const Graph& graph) { text.options.graph = graph; });
    else
      add_parameter(object, *parameter, parameter_field(*parameter),
                    [parameter](MethodText& text, std::int64_t value) { parameter->set(text.options, value); });
  }
}

struct GroupingText {
  std::optional<Bytes> bucket;
  std::optional<std::vector<std::vector<std::string>>> groups;
  std::vector<std::size_t> dense;
  std::optional<Grouping::Search::By> search;
  std::size_t max_groups = 0;
  bool is_mixed = false;
};

Grouping grouping_of(const GroupingText& text, const Where& where) {
  const int given = (text.bucket ? 1 : 0) + (text.groups ? 1 : 0) + (text.search ? 1 : 0);
  if (given == 0) where.fail("neither bucket, groups nor search is given", "accepted: one of them");
  if (given > 1)
    where.fail(text.search ? "search is given with bucket or groups" : "bucket and groups are both given",
               "accepted: one of them");
  if (text.search) return Grouping{Grouping::Search{*text.search, text.max_groups, text.is_mixed}};
  if (text.bucket) return Grouping{Grouping::Bucket{*text.bucket}};
  return Grouping{Grouping::Explicit{*text.groups, text.dense}};
}

Field<Grouping> grouping_field() {
  const auto words = choice<Grouping>({{"model", {Grouping::WholeModel{}}}, {"tensor", {Grouping::EachTensor{}}}});
  const auto object = convert(
      Object<GroupingText>()
          .optional("bucket", &GroupingText::bucket, size(),
                    "groups of at least this many bytes of fp32 gradient, in backward order")
          .optional("groups", &GroupingText::groups, list_of(list_of(text())), "names of the tensors of each group")
          .either(
              "dense",
              [](const GroupingText& read) {
                return Fit::to(read.groups ? "groups" : "a grouping without groups",
                               optional_if(read.groups.has_value()));
              },
              &GroupingText::dense,
              list_of(convert(whole(0, 1'000'000),
                              [](std::int64_t number, const Where&) { return static_cast<std::size_t>(number); })),
              "groups: numbers of those that are not compressed, the first is 0")
          .optional("search", &GroupingText::search,
                    choice<Grouping::Search::By>(
                        {{"mergecomp", Grouping::Search::By::mergecomp}, {"optimal", Grouping::Search::By::optimal}}),
                    "groups of neighbours: MergeComp's two, or the fastest there are; not with decode as-ready")
          .either(
              "max_groups",
              [](const GroupingText& read) {
                return Fit::to("a grouping without search", optional_if(read.search.has_value()));
              },
              &GroupingText::max_groups, whole(1, 1'000'000),
              "search: of so many groups at most; mergecomp has two if it is left out")
          .either(
              "mixed",
              [](const GroupingText& read) {
                const bool used = read.search == Grouping::Search::By::optimal;
                return Fit::to(used ? "search optimal" : "a grouping other than search optimal", optional_if(used));
              },
              &GroupingText::is_mixed, boolean(), "search optimal: groups that had better not be compressed are not")
          .field(),
      grouping_of);
  return text_or_object(words, object, "model, tensor, or an object with bucket, groups or search");
}

Field<ScheduleText> schedule_field() {
  return Object<ScheduleText>()
      .with_default("grouping", "model", &ScheduleText::grouping, grouping_field(),
                    "which tensors travel together: model, tensor, { \"bucket\": size } or { \"groups\": names }")
      .with_default(
          "decode", "after-backward", &ScheduleText::decode,
          choice<DecodeTime>({{"as-ready", DecodeTime::as_ready}, {"after-backward", DecodeTime::after_backward}}),
          "when a group is decoded: as soon as it is there, which holds up the backward pass, or after that pass")
      .with_default("metadata", "together", &ScheduleText::metadata_apart,
                    choice<bool>({{"together", false}, {"apart", true}}),
                    "indices and scales of gathered payloads: with the values, or in a collective of their own")
      .field();
}

}  // namespace

Field<MethodText> method_field() {
  Object<MethodText> object;
  object.required("name", &MethodText::method, entry_of(methods()), "the method, see simrun list methods")
      .optional("density", &MethodText::density, number({0, 1, true}),
                "share of entries kept, K / N; or k, or left to the sweep")
      .optional("k", &MethodText::k, whole(1, 1'000'000'000'000), "number of entries kept, instead of density");
  add_parameters(object);
  add_local_steps(object);
  object
      .either(
          "collective",
          [](const MethodText& text) { return Fit{.if_missing = default_collective(*text.method, text.options).name}; },
          take_collective,
          Field<CollectiveText>{entry_of(collectives()).schema,
                                [](Json& value, const Where& where) {
                                  return CollectiveText{value, where};
                                }},
          "how payloads are exchanged; each method has its own default")
      .optional("grouping", &MethodText::grouping, grouping_field(),
                "which tensors travel together, instead of the schedule's grouping");
  object
      .either(
          "error_feedback",
          [](const MethodText& text) {
            return Fit{.if_missing = text.method->error_feedback.value_or(codec_of(text).feeds_back)};
          },
          &MethodText::error_feedback, boolean(),
          "keep what was not sent for the next iteration; moves training, not times")
      .either(
          "server",
          [](const MethodText& text) {
            return used_by(text.collective->name, text.collective->has_server, "own-host");
          },
          &MethodText::server,
          usually(choice<ServerPlace>({{"own-host", ServerPlace::own_host}, {"rank0", ServerPlace::rank0}}),
                  "own-host"),
          "parameter-server: where it runs, on a host of its own or on rank 0's")
      .with_default(
          "hierarchy", "flat", &MethodText::hierarchy,
          convert(entry_of(hierarchies()), [](const HierarchyEntry* entry, const Where&) { return entry->hierarchy; }),
          "what the GPUs of a host do together before they exchange with other hosts")
      .optional("training", &MethodText::training, method_training_field(),
                "what this method does otherwise than the scenario's training says");
  Field<MethodText> field = name_first(object.field());
  field.read = [read = field.read](Json& value, const Where& where) {
    complete_outer(value);
    return read(value, where);
  };
  return field;
}

Field<ScenarioText> scenario_field() {
  Field<Json> model = anything();
  model.schema = {{"anyOf", {{{"type", "string"}}, model_field().schema}}};
  Field<Compute> compute = compute_field();
  compute.schema = {{"anyOf", {{{"type", "string"}}, compute.schema}}};  // a file's name has been replaced
  Field<Json> method_list = anything();
  method_list.schema = list_of(method_field()).schema;
  method_list.read = [list = list_of(anything())](Json& value, const Where& where) {
    return Json(list.read(value, where));
  };
  Field<Json> plan = anything();
  plan.schema = plan_field().schema;
  return Object<ScenarioText>()
      .optional("$schema", &ScenarioText::schema, text(), "where editors find this schema")
      .optional("name", &ScenarioText::name, text(), "title of the report")
      .required("workers", &ScenarioText::workers, whole(1, 65536), "number of workers M")
      .required("model", &ScenarioText::model, model, "a name under scenarios/models, a path, or the model itself")
      .required("batch_per_worker", &ScenarioText::batch_per_worker, whole(1, 1'000'000'000),
                "samples a worker and iteration")
      .required("compute", &ScenarioText::compute, compute,
                "what a worker computes in an iteration, or a path of a file with that")
      .with_default("device", "auto", &ScenarioText::device, device_field(),
                    "device profile: auto, cpu, cuda, a name or a path")
      .optional("host", &ScenarioText::host, host_field(),
                "the host between a worker's device and the network; left out, it takes no time")
      .required("network", &ScenarioText::network, network_field(), "the network between the workers")
      .with_default("gradients", Json::object(), &ScenarioText::gradients, gradients_field(),
                    "where the gradients that are encoded come from")
      .with_default("schedule", Json::object(), &ScenarioText::schedule, schedule_field(),
                    "which gradients travel together, and when")
      .optional("training", &ScenarioText::training, training_field(), "how simrun train trains the model")
      .required("methods", &ScenarioText::methods, method_list, "methods to compare")
      .optional("sweep", &ScenarioText::sweep, anything(),
                "lists of values by key: workers, density, k, index, local_steps, collective, grouping, hierarchy, or "
                "any dotted path; all "
                "combinations are run")
      .optional("plan", &ScenarioText::plan, plan, "among what simrun plan looks for the best")
      .field();
}

}  // namespace simrun
