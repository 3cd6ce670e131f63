#include "sim/scenario/scenario_text.hpp"

#include <limits>
#include <set>

#include "sim/scenario/compute_text.hpp"
#include "sim/scenario/ethernet_tcp_text.hpp"
#include "sim/scenario/host_text.hpp"
#include "sim/scenario/model_text.hpp"

namespace simrun {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One of several words, each with a line for editors to show beside it.
template <class T>
Field<T> explained(std::vector<std::pair<std::string, T>> words, Json summaries) {
  auto field = choice(std::move(words));
  field.schema["enumDescriptions"] = std::move(summaries);
  return field;
}

template <class Entry>
Field<const Entry*> entry_of(std::span<const Entry> table) {
  std::vector<std::pair<std::string, const Entry*>> words;
  Json summaries = Json::array();
  for (const Entry& entry : table) {
    words.emplace_back(entry.name, &entry);
    summaries.push_back(entry.summary);
  }
  return explained(std::move(words), std::move(summaries));
}

Field<std::int64_t> parameter_field(const CodecParameter& parameter) {
  if (parameter.words.empty()) return usually(whole(parameter.least, parameter.most), parameter.get({}));
  std::vector<std::pair<std::string, std::int64_t>> words;
  Json summaries = Json::array();
  for (const ParameterWord& word : parameter.words) {
    words.emplace_back(word.word, word.value);
    if (!word.summary.empty()) summaries.push_back(word.summary);
  }
  auto field = summaries.empty() ? choice(std::move(words)) : explained(std::move(words), std::move(summaries));
  return usually(std::move(field), parameter.words.front().word);
}

void add_parameters(Object<MethodText>& object) {
  for (const CodecParameter* parameter : codec_parameters()) {
    object.optional_by(
        std::string(parameter->key),
        [parameter](MethodText& text, std::int64_t value) { text.parameters.emplace_back(parameter, value); },
        parameter_field(*parameter), std::string(parameter->about));
  }
}

/// A network as it stands in the file.
struct NetworkText {
  std::optional<std::string> platform;
  std::optional<std::vector<std::string>> hosts;
  std::optional<Network::Topology> topology;
  std::optional<BytesPerSecond> bandwidth;
  std::optional<Seconds> latency;
  Network::Model model = Network::Model::ideal;
  std::optional<Bytes> mtu;
  std::optional<const TcpSoftware*> software;
  std::optional<EthernetTcpText> tcp;
  std::optional<std::int64_t> hosts_per_switch;
  std::optional<BytesPerSecond> uplink_bandwidth;
  std::optional<Seconds> uplink_latency;
  std::optional<Network::Placement> placement;
  std::optional<std::int64_t> placement_seed;
  std::int64_t gpus_per_host = 1;
};

/// Takes `value` into `to`, which is only there where `used` is set.
template <class T, class U>
void take(const std::optional<T>& value, U& to, bool used, bool needed, const std::string& key, const std::string& what,
          const Where& where) {
  if (value && !used) (where / key).fail("does not go with " + what, "leave it out");
  if (!value && needed) (where / key).fail("is missing", "required with " + what);
  if (value) to = static_cast<U>(*value);
}

Network network_of(const NetworkText& text, const Where& where) {
  Network network;
  network.model = text.model;
  const bool is_tcp = network.model == Network::Model::ethernet_tcp;
  const std::string model = std::string("model ") + name_of(network.model);
  Bytes mtu = usual_mtu;
  EthernetTcpText tcp;
  take(text.mtu, mtu, is_tcp, false, "mtu", model, where);
  take(text.software, network.software, is_tcp, false, "software", model, where);
  take(text.tcp, tcp, is_tcp, false, "tcp", model, where);
  network.tcp = tcp.with(*network.software, mtu);
  const bool from_file = text.platform.has_value();
  network.topology = from_file ? Network::Topology::platform : text.topology.value_or(Network::Topology::star);
  const bool chain = network.topology == Network::Topology::chain;
  const bool switches = chain || network.topology == Network::Topology::tree;
  const std::string what = from_file  ? "a platform file"
                           : chain    ? "topology chain"
                           : switches ? "topology tree"
                                      : "topology star";
  if (from_file) network.platform = *text.platform;
  take(text.hosts, network.hosts, from_file, false, "hosts", what, where);
  Network::Topology unused;
  take(text.topology, unused, !from_file, false, "topology", what, where);
  take(text.bandwidth, network.bandwidth, !from_file, !from_file, "bandwidth", what, where);
  take(text.latency, network.latency, !from_file, !from_file, "latency", what, where);
  take(text.hosts_per_switch, network.hosts_per_switch, switches, switches, "hosts_per_switch", what, where);
  take(text.uplink_bandwidth, network.uplink_bandwidth, switches, switches, "uplink_bandwidth", what, where);
  take(text.uplink_latency, network.uplink_latency, switches, switches, "uplink_latency", what, where);
  take(text.placement, network.placement, switches, false, "placement", what, where);
  const bool shuffled = network.placement == Network::Placement::shuffled;
  take(text.placement_seed, network.placement_seed, shuffled, shuffled, "placement_seed",
       shuffled ? "placement shuffled" : "a placement other than shuffled", where);
  return network;
}

Field<std::int64_t> one_gpu() {
  Field<std::int64_t> field = whole(1, 1);
  field.read = [read = field.read](Json& value, const Where& where) {
    if (value.is_number() && value != 1)
      where.fail("is " + brief(value),
                 "accepted: 1 (a server of several GPUs is a switch of topology tree, its network card the uplink)");
    return read(value, where);
  };
  return field;
}

/// Names of hosts: a rank each.
Field<std::vector<std::string>> distinct_names() {
  return convert(list_of(text()), [](std::vector<std::string> names, const Where& where) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!seen.insert(names[i]).second)
        (where / i).fail("names " + brief(names[i]) + " again", "accepted: a host once, since a host is a rank");
    }
    return names;
  });
}

Field<Network> network_field() {
  using Topology = Network::Topology;
  return convert(
      Object<NetworkText>()
          .optional("platform", &NetworkText::platform, text(),
                    "a SimGrid platform file instead of a topology; its hosts in file order are the ranks")
          .optional("hosts", &NetworkText::hosts, distinct_names(),
                    "platform: names of its hosts, by rank; left out, all in file order")
          .optional("topology", &NetworkText::topology,
                    usually(choice<Topology>(
                                {{"star", Topology::star}, {"tree", Topology::tree}, {"chain", Topology::chain}}),
                            "star"),
                    "star, or switches of hosts: tree joins each to a core by an uplink, chain each to the next")
          .optional("bandwidth", &NetworkText::bandwidth, bandwidth(), "bandwidth of a host's link, each way")
          .optional("latency", &NetworkText::latency, latency(), "latency one way, host to host, through the switch")
          .with_default("model", "ideal", &NetworkText::model,
                        convert(entry_of(network_models()),
                                [](const NetworkModelEntry* entry, const Where&) { return entry->model; }),
                        "what a transfer costs beside latency and bandwidth")
          .optional("mtu", &NetworkText::mtu, usually(mtu_field(), "1500 B"),
                    "ethernet-tcp: bytes of IP in a full frame, which set the goodput")
          .optional("software", &NetworkText::software, usually(entry_of(tcp_softwares()), "open-mpi"),
                    "ethernet-tcp: what sends, and so which constants")
          .optional("tcp", &NetworkText::tcp, ethernet_tcp_field(), "ethernet-tcp: its constants, where they are known")
          .optional("hosts_per_switch", &NetworkText::hosts_per_switch, whole(1, 65536),
                    "tree, chain: hosts on one switch")
          .optional("uplink_bandwidth", &NetworkText::uplink_bandwidth, bandwidth(),
                    "tree, chain: bandwidth of a switch's uplink, each way")
          .optional("uplink_latency", &NetworkText::uplink_latency, latency(),
                    "tree, chain: latency added for every uplink crossed")
          .optional("placement", &NetworkText::placement,
                    usually(choice<Network::Placement>({{"by-switch", Network::Placement::by_switch},
                                                        {"round-robin", Network::Placement::round_robin},
                                                        {"shuffled", Network::Placement::shuffled}}),
                            "by-switch"),
                    "tree, chain: on which switch ranks are: the first ones on the first, in turn, or at random")
          .optional("placement_seed", &NetworkText::placement_seed, whole(0, std::numeric_limits<std::int64_t>::max()),
                    "shuffled: seed of the placement")
          .with_default("gpus_per_host", 1, &NetworkText::gpus_per_host, one_gpu(),
                        "reserved; a server of several GPUs is a switch")
          .field(),
      network_of);
}

/// Gradients as they stand in the file.
struct GradientsText {
  enum class Source { synthetic, npy, training };
  Source source = Source::synthetic;
  std::optional<SyntheticGradients::Distribution> distribution;
  std::optional<double> agreement;
  std::optional<double> scale_spread;
  std::optional<double> degrees_of_freedom;
  std::optional<std::int64_t> seed;
  std::optional<std::vector<std::string>> files;
  std::optional<std::string> folder;
};

std::variant<SyntheticGradients, NpyFiles> gradients_of(const GradientsText& text, const Where& where) {
  using Source = GradientsText::Source;
  const bool synthetic = text.source == Source::synthetic;
  const bool npy = text.source == Source::npy;
  const bool training = text.source == Source::training;
  const std::string what = synthetic ? "source synthetic" : npy ? "source npy" : "source training";
  SyntheticGradients made;
  NpyFiles read;
  take(text.distribution, made.distribution, synthetic, false, "distribution", what, where);
  take(text.agreement, made.agreement, synthetic, false, "agreement", what, where);
  take(text.scale_spread, made.scale_spread, synthetic, false, "scale_spread", what, where);
  take(text.degrees_of_freedom, made.degrees_of_freedom,
       synthetic && made.distribution == SyntheticGradients::Distribution::student_t, false, "degrees_of_freedom",
       synthetic ? "a distribution other than student-t" : what, where);
  take(text.seed, made.seed, synthetic, false, "seed", what, where);
  take(text.files, read.files, npy, npy, "files", what, where);
  take(text.folder, read.folder, training, training, "folder", what, where);
  if (synthetic) return made;
  return read;
}

Field<std::variant<SyntheticGradients, NpyFiles>> gradients_field() {
  using Source = GradientsText::Source;
  using Distribution = SyntheticGradients::Distribution;
  const SyntheticGradients usual;
  return convert(
      Object<GradientsText>()
          .with_default(
              "source", "synthetic", &GradientsText::source,
              choice<Source>({{"synthetic", Source::synthetic}, {"npy", Source::npy}, {"training", Source::training}}),
              "random numbers, NumPy files, or what simrun train has saved")
          .optional("distribution", &GradientsText::distribution,
                    usually(choice<Distribution>({{"normal", Distribution::normal},
                                                  {"laplace", Distribution::laplace},
                                                  {"student-t", Distribution::student_t}}),
                            "laplace"),
                    "synthetic: distribution of one element")
          .optional("agreement", &GradientsText::agreement, usually(number({0, 1}), usual.agreement),
                    "synthetic: share of variance common to all workers")
          .optional("scale_spread", &GradientsText::scale_spread, usually(number({0, 10}), usual.scale_spread),
                    "synthetic: log-normal sigma of the scale from tensor to tensor")
          .optional("degrees_of_freedom", &GradientsText::degrees_of_freedom,
                    usually(number({2, 1e6, true}), usual.degrees_of_freedom),
                    "synthetic: degrees of freedom of student-t")
          .optional("seed", &GradientsText::seed,
                    usually(whole(0, std::numeric_limits<std::int64_t>::max()), usual.seed),
                    "synthetic: seed of the random numbers")
          .optional("files", &GradientsText::files, list_of(text()),
                    "npy: one file for all workers or one each, relative to the scenario")
          .optional(
              "folder", &GradientsText::folder, name_text(),
              "training: the gradients of a round, saved by simrun train (save_gradients), relative to the scenario")
          .field(),
      gradients_of);
}

struct BucketText {
  std::optional<Bytes> bucket;
  std::optional<std::vector<std::vector<std::string>>> groups;
};

Field<Grouping> grouping_field() {
  const auto words = choice<Grouping>({{"model", {Grouping::WholeModel{}}}, {"tensor", {Grouping::EachTensor{}}}});
  const auto object = convert(
      Object<BucketText>()
          .optional("bucket", &BucketText::bucket, size(),
                    "groups of at least this many bytes of fp32 gradient, in backward order")
          .optional("groups", &BucketText::groups, list_of(list_of(text())), "names of the tensors of each group")
          .field(),
      [](const BucketText& text, const Where& where) {
        if (text.bucket.has_value() == text.groups.has_value())
          where.fail(text.bucket ? "bucket and groups are both given" : "neither bucket nor groups is given",
                     "accepted: one of them");
        if (text.bucket) return Grouping{Grouping::Bucket{*text.bucket}};
        return Grouping{Grouping::Explicit{*text.groups}};
      });
  return text_or_object(words, object, "model, tensor, or an object with bucket or groups");
}

Field<ScheduleText> schedule_field() {
  return Object<ScheduleText>()
      .with_default("grouping", "model", &ScheduleText::grouping, grouping_field(),
                    "which tensors travel together: model, tensor, { \"bucket\": size } or { \"groups\": names }")
      .with_default(
          "decode", "as-ready", &ScheduleText::decode,
          choice<DecodeTime>({{"as-ready", DecodeTime::as_ready}, {"after-backward", DecodeTime::after_backward}}),
          "when a group is decoded: as soon as it is there, which holds up the backward pass, or after that pass")
      .field();
}

}  // namespace

Field<MethodText> method_field() {
  Object<MethodText> object;
  object.required("name", &MethodText::method, entry_of(methods()), "the method, see simrun list methods")
      .optional("density", &MethodText::density, number({0, 1, true}),
                "share of entries kept, K / N; or k, or left to the sweep")
      .optional("k", &MethodText::k, whole(1, 1'000'000'000'000), "number of entries kept, instead of density")
      .optional("collective", &MethodText::collective, entry_of(collectives()),
                "how payloads are exchanged; each method has its own default")
      .optional("grouping", &MethodText::grouping, grouping_field(),
                "which tensors travel together, instead of the schedule's grouping");
  add_parameters(object);
  return object
      .optional("error_feedback", &MethodText::error_feedback, boolean(),
                "keep what was not sent for the next iteration; moves training, not times")
      .optional("server", &MethodText::server,
                usually(choice<ServerPlace>({{"own-host", ServerPlace::own_host}, {"rank0", ServerPlace::rank0}}),
                        "own-host"),
                "parameter-server: where it runs, on a host of its own or on rank 0's")
      .optional("training", &MethodText::training, method_training_field(),
                "what this method does otherwise than the scenario's training says")
      .field();
}

Field<ScenarioText> scenario_field() {
  Field<Json> model = anything();
  model.schema = {{"anyOf", {{{"type", "string"}}, model_field().schema}}};
  Field<Json> method_list = anything();
  method_list.schema = list_of(method_field()).schema;
  method_list.read = [list = list_of(anything())](Json& value, const Where& where) {
    return Json(list.read(value, where));
  };
  return Object<ScenarioText>()
      .optional("$schema", &ScenarioText::schema, text(), "where editors find this schema")
      .optional("name", &ScenarioText::name, text(), "title of the report")
      .required("workers", &ScenarioText::workers, whole(1, 65536), "number of workers M")
      .required("model", &ScenarioText::model, model, "a name under scenarios/models, a path, or the model itself")
      .required("batch_per_worker", &ScenarioText::batch_per_worker, whole(1, 1'000'000'000),
                "samples a worker and iteration")
      .required("compute", &ScenarioText::compute, compute_field(), "what a worker computes in an iteration")
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
                "lists of values by key: workers, density, k, index, collective, grouping, or any dotted path; all "
                "combinations are run")
      .field();
}

}  // namespace simrun
