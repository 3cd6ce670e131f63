#include "sim/scenario/chosen_method.hpp"

#include <algorithm>

#include "kernels/value_coding.hpp"
#include "sim/scenario/unfit_points.hpp"

namespace simrun {
namespace {

/// True if a payload has as many entries as the gradient.
bool keeps_every_entry(const MethodChoice& choice, std::uint64_t elements) {
  if (!choice.codec->stands_alone) return false;
  const auto shape = choice.codec->make(choice.options, nullptr)->shape(elements, 1, {});
  return shape && shape->entries == elements;
}

/// What to do where the collective cannot combine what is sent.
std::string fitting(const MethodText& text) {
  std::string accepted = "accepted: " + one_of(fitting_collectives(*text.method, text.options));
  const CodecEntry& codec = *find_codec(text.method->codec());
  if (std::ranges::count(codec.parameters, std::string_view("two_way"), &CodecParameter::key) == 0) return accepted;
  CodecOptions other = text.options;
  other.two_way = !other.two_way;
  if (text.collective->can(combining_of(*text.method, other)))
    accepted += std::string(", or two_way of the method: ") + (other.two_way ? "true" : "false");
  return accepted;
}

void check_entries(const MethodText& text, const MethodChoice& choice, std::uint64_t elements, const Where& where) {
  const std::string name(choice.method->name);
  if (!choice.codec->sparsifies) {
    const std::string why = name + (keeps_every_entry(choice, elements) ? " keeps every entry" : " has no use for it");
    if (text.density) (where / "density").fail(why, "leave it out");
    if (text.k) (where / "k").fail(why, "leave it out");
    return;
  }
  if (text.density && text.k) (where / "k").fail("density and k are both given", "accepted: one of them");
  if (!text.density && !text.k) (where / "density").fail("is missing", name + " takes density or k");
  if (choice.entries(elements) > elements)
    (where / "k")
        .fail("k = " + std::to_string(*text.k) + " is more than the model has",
              "accepted: at most " + std::to_string(elements));
}

}  // namespace

MethodChoice choose_method(const MethodText& text, std::uint64_t elements, const Where& where) {
  MethodChoice choice;
  choice.method = text.method;
  choice.codec = find_codec(text.method->rounds_with(text.options).front().codec);
  choice.collective = text.collective;
  const Combining combining = combining_of(*text.method, text.options);
  const std::string_view name = text.method->name;
  if (!choice.collective->can(combining)) {
    (where / "collective")
        .fail(std::string(choice.collective->name) + " cannot combine what " + std::string(name) + " sends" +
                  (text.options.two_way ? " with two_way" : ""),
              fitting(text));
  }
  if (combining == Combining::sum && value_coding(text.options.values).common > 0)
    (where / "values")
        .fail("values of " + std::string(name) + " are added up, and have no scales of their own",
              "accepted: fp32, fp16 or bf16");
  if (text.density) choice.kept = Kept::share(*text.density);
  if (text.k) choice.kept = Kept::number(static_cast<std::uint64_t>(*text.k));
  choice.options = text.options;
  choice.collective_options.server = text.server;
  choice.hierarchy = text.hierarchy;
  choice.grouping = text.grouping;
  choice.error_feedback = text.error_feedback;
  choice.local = text.local;
  // No keys of users.
  choice.local.keeps_steps = text.method->local.keeps_steps;
  choice.local.with_neighbours = text.method->local.with_neighbours;
  if (choice.hierarchy == Hierarchy::shard && choice.follows_shapes()) {
    const std::string why = std::string(name) + " encodes matrices, which shards are not";
    throw UnfitPoint(where / "hierarchy", why, "accepted: flat or leader", why);
  }
  check_entries(text, choice, elements, where);
  return choice;
}

}  // namespace simrun
