#include "sim/scenario/chosen_method.hpp"

namespace simrun {
namespace {

/// Takes an option over into `to` if the method has use for it.
template <class T>
void option(const std::optional<T>& value, T& to, bool used, const char* key, std::string_view method,
            const Where& where) {
  if (value && !used) (where / key).fail(std::string(method) + " has no use for it", "leave it out");
  if (value) to = *value;
}

void check_entries(const MethodText& text, const MethodChoice& choice, std::uint64_t elements, const Where& where) {
  const std::string name(choice.method->name);
  if (!choice.codec->sparsifies) {
    if (text.density) (where / "density").fail(name + " keeps every entry", "leave it out");
    if (text.k) (where / "k").fail(name + " keeps every entry", "leave it out");
    return;
  }
  if (text.density && text.k) (where / "k").fail("density and k are both given", "accepted: one of them");
  if (!text.density && !text.k) (where / "density").fail("is missing", name + " takes density or k");
  if (choice.entries(elements) > elements)
    (where / "k")
        .fail("k = " + std::to_string(*choice.k) + " is more than the model has",
              "accepted: at most " + std::to_string(elements));
  if (elements > (std::uint64_t{1} << 32))
    (where / "name")
        .fail("indices have 32 bits, the model has " + std::to_string(elements) + " parameters",
              "accepted: at most 4294967296 parameters for " + name);
}

}  // namespace

MethodChoice choose_method(const MethodText& text, std::uint64_t elements, const Where& where) {
  MethodChoice choice;
  choice.method = text.method;
  choice.codec = find_codec(text.method->codec);
  choice.collective = text.collective != nullptr ? text.collective : find_collective(text.method->collective);
  const auto combining = choice.codec->make({}, nullptr)->combining();
  const std::string_view name = text.method->name;
  if (!choice.collective->can(combining)) {
    (where / "collective")
        .fail(std::string(choice.collective->name) + " cannot combine what " + std::string(name) + " sends",
              "accepted: " + one_of(fitting_collectives(*text.method)));
  }
  choice.density = text.density;
  if (text.k) choice.k = static_cast<std::uint64_t>(*text.k);
  option(text.index, choice.options.index, choice.codec->sparsifies, "index", name, where);
  option(text.half_precision, choice.options.half_precision, choice.codec->half_precision, "precision", name, where);
  option(text.server, choice.server, choice.collective->has_server, "server", choice.collective->name, where);
  choice.grouping = text.grouping;
  choice.error_feedback = text.error_feedback.value_or(choice.codec->feeds_back);
  check_entries(text, choice, elements, where);
  return choice;
}

void fill_defaults(Json& entry, const MethodChoice& choice) {
  entry["collective"] = choice.collective->name;
  if (choice.codec->sparsifies) entry["index"] = entry.value("index", "raw32");
  if (choice.codec->half_precision) entry["precision"] = entry.value("precision", "fp32");
  if (choice.collective->has_server) entry["server"] = entry.value("server", "own-host");
  entry["error_feedback"] = choice.error_feedback;
}

}  // namespace simrun
