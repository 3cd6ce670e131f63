#include "sim/answers/fidelity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/parallel.hpp"
#include "sim/answers/results_folder.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/payloads/payload_job.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/processor.hpp"
#include "sim/system/progress_bar.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// What one worker sends of a gradient, and what it stands for.
class LoneExchange {
 public:
  LoneExchange(std::span<const Round> rounds, RoundContext context) : rounds_(rounds), context_(context) {}

  /// Adds what the payloads of `gradient` stand for to `out`, and their bytes to bytes().
  void run(std::span<const float> gradient, std::uint64_t entries, std::span<float> out) {
    std::vector<Payload> results;
    for (const Round& round : rounds_) {
      context_.previous = results;
      const Payload payload = round.codec->encode(gradient, entries, context_);
      bytes_ += payload.size();
      results.push_back(round.aggregator ? round.aggregator->combine({&payload, 1}) : payload);
    }
    context_.previous = std::span(results).first(results.size() - 1);
    rounds_.back().codec->decode(results.back(), 1, out, context_);
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  std::span<const Round> rounds_;
  RoundContext context_;
  std::uint64_t bytes_ = 0;
};

/// Sums over elements, of which the least loss is made.
class Loss {
 public:
  void add(std::span<const float> gradient, std::span<const float> decoded) {
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double x = gradient[i];
      const double c = decoded[i];
      of_gradient_ += x * x;
      of_both_ += x * c;
      of_decoded_ += c * c;
      difference_ += (x - c) * (x - c);
    }
  }

  /// With the best factor, or with none where that is as good but for rounding.
  double least() const {
    if (of_gradient_ == 0) return 0;
    if (of_decoded_ == 0) return 1;
    const double with_factor = 1 - of_both_ / of_gradient_ * (of_both_ / of_decoded_);
    return std::min(std::max(with_factor, 0.0), difference_ / of_gradient_);
  }

 private:
  double of_gradient_ = 0;
  double of_both_ = 0;
  double of_decoded_ = 0;
  double difference_ = 0;
};

void check_memory_for(const Scenario& scenario, std::size_t largest) {
  const Bytes needed(3.0 * sizeof(float) * static_cast<double>(largest));
  const Bytes available = available_memory();
  if (available.value > 0 && needed > available)
    throw InputError(scenario.file, "model", "a gradient and what is decoded of it need about " + show(needed),
                     "accepted: what fits, this machine has " + show(available) + " free, or groups that are smaller");
}

struct FoundFidelity {
  std::string label;
  std::optional<double> density;  ///< K/N
  Fidelity fidelity;
};

/// One for each way to encode: points that differ in their cluster alone have the same.
std::vector<FoundFidelity> fidelities_of(const Study& study, unsigned threads) {
  std::vector<FoundFidelity> all;
  std::set<std::string> known;
  ProgressBar bar("points");
  for (std::size_t done = 0; done < study.points.size(); ++done) {
    bar.show({.done = done, .total = study.points.size()});
    const Scenario& scenario = study.points[done].scenario;
    const std::string name = std::string(scenario.method.method->name) + "/" + GradientSource::identity(scenario) +
                             "/" + encoding_name(scenario);
    if (!known.insert(name).second) continue;
    std::optional<double> density;
    if (scenario.method.kept) density = scenario.method.kept->density(scenario.elements());
    all.push_back({label(scenario.method), density, fidelity_of(scenario, threads)});
  }
  return all;
}

std::string brief_number(std::optional<double> value) {
  return value ? fmt::format("{:.4g}", *value) : "";
}

std::string table_of(const std::vector<FoundFidelity>& all) {
  Table table({"method", "K/N", "bits an element", "energy lost", "least bits, worst case", "times that"});
  for (const FoundFidelity& found : all) {
    const std::optional<double> least = found.fidelity.least_bits();
    table.add_row({found.label, brief_number(found.density), brief_number(found.fidelity.bits),
                   percent(found.fidelity.lost, 4), brief_number(least),
                   least ? brief_number(found.fidelity.bits / *least) : "nothing lost"});
  }
  return table.text();
}

/// As columns of CSV and fields of JSON.
Row columns_of(const FoundFidelity& found) {
  return {{"method", found.label},
          {"density", or_null(found.density)},
          {"bits_per_element", found.fidelity.bits},
          {"lost", found.fidelity.lost},
          {"least_bits_per_element", or_null(found.fidelity.least_bits())}};
}

std::string csv_of(const std::vector<FoundFidelity>& all) {
  std::string text;
  for (const FoundFidelity& found : all) {
    const Row row = columns_of(found);
    if (text.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : row) names.push_back(name);
      text = csv_header(names);
    }
    text += csv_line(row);
  }
  return text;
}

Json json_of(const std::vector<FoundFidelity>& all) {
  Json list = Json::array();
  for (const FoundFidelity& found : all) list.push_back(object_of(columns_of(found)));
  return list;
}

}  // namespace

std::optional<double> Fidelity::least_bits() const {
  return lost > 0 ? std::optional(-std::log2(lost) / 2) : std::nullopt;
}

Fidelity fidelity_of(const Scenario& scenario, unsigned threads) {
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(threads);
  const std::vector<Round> own = make_rounds(scenario.method, primitives);
  const std::vector<Round> dense = make_dense_rounds(scenario.method, primitives);
  GradientSource source(scenario);
  source.check(threads);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, source.groups());
  check_memory_for(scenario, source.largest_group());
  std::vector<float> buffer(source.largest_group());
  Loss loss;
  std::uint64_t bytes = 0;
  std::uint64_t elements = 0;
  for (std::size_t g = 0; g < source.groups().size(); ++g) {
    const std::span<const float> gradient = source.fill(0, source.groups()[g], threads, buffer);
    const std::vector<TensorShape> shapes = source.shapes(g);
    const std::uint64_t seed = source.seed(0, g);
    LoneExchange exchange(source.groups()[g].is_dense ? dense : own,
                          {.seed = seed,
                           .shared_seed = seed,
                           .tensors = shapes,
                           .workers = static_cast<std::uint64_t>(scenario.workers)});
    std::vector<float> decoded(gradient.size());
    exchange.run(gradient, entries[g], decoded);
    loss.add(gradient, decoded);
    bytes += exchange.bytes();
    elements += gradient.size();
  }
  return {.bits = 8.0 * static_cast<double>(bytes) / static_cast<double>(elements), .lost = loss.least()};
}

int fidelity(const FidelityArguments& arguments) {
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const Study study = read_study(file, parse_overrides(arguments.set));
  refuse_searches(study, "fidelity");
  if (std::ranges::any_of(study.points, [](const Point& point) { return point.scenario.gradient_sample.has_value(); }))
    say("note: gradients.sample is not looked at: all of a gradient is encoded");
  const std::vector<FoundFidelity> rows = fidelities_of(study, arguments.jobs);
  if (arguments.format == "csv") print_data(csv_of(rows));
  if (arguments.format == "json") print_data(json_of(rows).dump(2) + "\n");
  if (arguments.format == "table") print_lines(table_of(rows));
  return 0;
}

}  // namespace simrun
