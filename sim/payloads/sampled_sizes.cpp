#include "sim/payloads/sampled_sizes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "sim/payloads/gradient_source.hpp"

namespace simrun {
namespace {

/// A piece of each tensor of a model.
struct TensorPiece {
  std::uint64_t first = 0;  ///< a multiple of Gradients::grain
  std::uint64_t elements = 0;
};

/// The pieces that sample number `sample` has of the model's tensors.
std::vector<TensorPiece> pieces_of(const Model& model, std::uint64_t wanted, std::size_t sample) {
  const double share = static_cast<double>(wanted) / static_cast<double>(model.elements());
  std::vector<TensorPiece> pieces;
  for (const Tensor& tensor : model.tensors) {
    const std::uint64_t all = tensor.elements();
    const auto grains = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all) / Gradients::grain));
    const std::uint64_t elements = std::min(all, grains * Gradients::grain);
    const std::uint64_t room = (all - elements) / Gradients::grain;
    pieces.push_back({room * sample / (samples_of_gradients - 1) * Gradients::grain, elements});
  }
  return pieces;
}

/// Pieces of the tensors of other gradients.
class GradientPieces final : public Gradients {
 public:
  GradientPieces(std::unique_ptr<const Gradients> whole, std::vector<TensorPiece> pieces)
      : whole_(std::move(whole)), pieces_(std::move(pieces)) {}

  void fill_part(int worker, std::size_t tensor, std::uint64_t first, unsigned threads,
                 std::span<float> out) const override {
    whole_->fill_part(worker, tensor, pieces_[tensor].first + first, threads, out);
  }
  std::string file(int worker) const override { return whole_->file(worker); }

 private:
  std::unique_ptr<const Gradients> whole_;
  std::vector<TensorPiece> pieces_;
};

/// The same groups, by name: rules would make other groups of tensors of other sizes.
Grouping by_name(const Model& model, const std::vector<Group>& groups) {
  Grouping::Explicit named;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    named.groups.emplace_back();
    for (const std::size_t tensor : groups[g].tensors) named.groups.back().push_back(model.tensors[tensor].name);
    if (groups[g].is_dense) named.dense.push_back(g);
  }
  return {std::move(named)};
}

/// The scenario with a model of these pieces alone.
Scenario scenario_of_pieces(const Scenario& scenario, const std::vector<TensorPiece>& pieces) {
  Scenario sample = scenario;
  Model model = *scenario.model;
  for (std::size_t i = 0; i < pieces.size(); ++i) model.tensors[i].shape = {pieces[i].elements};
  sample.grouping = by_name(model, groups_of(scenario));
  sample.method.local = {};  // its fragments are groups now
  sample.model = std::make_shared<const Model>(std::move(model));
  return sample;
}

/// K in the same proportion.
std::uint64_t in_proportion(std::uint64_t entries, std::uint64_t elements, std::uint64_t of) {
  const double share = static_cast<double>(elements) / static_cast<double>(of);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::llround(share * static_cast<double>(entries))), 1,
                                   elements);
}

/// What a group of so many elements gives whose sample gave that. `entries`: how many it gives, where that is known.
Payload scaled_up(const Payload& sample, std::uint64_t elements, std::optional<std::uint64_t> entries) {
  Payload::Header header = sample.header();
  const double share = static_cast<double>(elements) / static_cast<double>(header.elements);
  const auto of_sample = static_cast<double>(header.entries);
  header.elements = elements;
  header.entries = entries.value_or(static_cast<std::uint64_t>(std::llround(share * of_sample)));
  const double factor = of_sample > 0 ? static_cast<double>(header.entries) / of_sample : 1;
  header.bytes =
      Payload::header_bytes +
      static_cast<std::uint64_t>(std::llround(factor * static_cast<double>(sample.size() - Payload::header_bytes)));
  return Payload::size_only(header);
}

}  // namespace

std::shared_ptr<const PayloadTable> sampled_sizes(const Scenario& scenario, unsigned threads,
                                                  const std::function<void(std::uint64_t)>& on_elements) {
  const auto codec = scenario.method.codec->make(scenario.method.options, make_cpu_primitives(threads));
  const std::vector<Group> groups = encoded_groups(scenario);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, groups);
  const auto* files = std::get_if<GradientFiles>(&scenario.gradients);
  auto table = std::make_shared<PayloadTable>(scenario, 1, samples_of_gradients);
  for (std::size_t s = 0; s < samples_of_gradients; ++s) {
    std::vector<TensorPiece> pieces = pieces_of(*scenario.model, *scenario.gradient_sample, s);
    const Scenario sample = scenario_of_pieces(scenario, pieces);
    const GradientSource source(sample, std::make_unique<GradientPieces>(gradients_of(scenario), std::move(pieces)));
    const std::size_t worker = files != nullptr ? s % files->count : s;
    std::vector<float> buffer(source.largest_group());
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (groups[g].is_dense) continue;
      const std::span<const float> gradient = source.fill(worker, groups[g], threads, buffer);
      const std::uint64_t k = in_proportion(entries[g], gradient.size(), groups[g].elements);
      const auto known = codec->keeps_largest() ? std::optional(entries[g]) : std::nullopt;
      const std::vector<TensorShape> shapes = source.shapes(g);
      const Payload payload = codec->encode(gradient, k, {.seed = source.seed(worker, g, s), .tensors = shapes});
      table->set(0, g, scaled_up(payload, groups[g].elements, known), table->first_round(), s);
      on_elements(gradient.size());
    }
  }
  return table;
}

}  // namespace simrun
