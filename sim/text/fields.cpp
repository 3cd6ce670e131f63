#include "sim/text/fields.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <numeric>

namespace simrun {
namespace {

bool alike(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

/// Numbers of edits (insert, delete, replace) that turn a into b, capitals aside. Source: Wagner and Fischer, 1974.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (alike(a[i - 1], b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string shown(double value) {
  return Json(value).dump();
}

/// How the units of a quantity are written: in words, and as a regular expression.
struct UnitText {
  std::string words;
  std::string pattern;
};

struct Limits {
  double least;
  std::string least_text;
  double most;
  std::string most_text;
  bool zero = false;  ///< is accepted too
};

constexpr const char* duration_pattern = "(s|ms|us|\u00b5s|\u03bcs|ns|min|h)";

/// A quantity with its unit as text; `example` shows one.
template <class Q>
Field<Q> quantity(std::string noun, std::optional<Q> (*parse)(std::string_view), Limits limits, const UnitText& units,
                  std::string example) {
  const std::string accepted = "accepted: a number and a unit (" + units.words + "), like \"" + example + "\"";
  const std::string pattern = "^([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)? ?" + units.pattern + "$";
  return {{{"type", "string"}, {"pattern", pattern}, {"examples", {example}}}, [=](Json& value, const Where& where) {
            if (value.is_number()) where.fail("the number " + brief(value) + " has no unit", accepted);
            if (!value.is_string()) where.fail("is " + brief(value), accepted);
            const auto given = value.get<std::string>();
            const std::optional<Q> read = parse(given);
            if (!read && parse(given + "/s"))
              where.fail(brief(value) + " is no " + noun + ", did you mean " + brief(given + "/s") + "?", accepted);
            if (!read || !std::isfinite(read->value)) where.fail(brief(value) + " is no " + noun, accepted);
            const bool is_zero = limits.zero && read->value == 0;
            if (read->value < limits.least && !is_zero)
              where.fail(brief(value) + " is too small", std::string("accepted: ") + (limits.zero ? "zero, or " : "") +
                                                             "at least " + limits.least_text);
            if (read->value > limits.most)
              where.fail(brief(value) + " is too large", "accepted: at most " + limits.most_text);
            return *read;
          }};
}

}  // namespace

Field<std::string> text() {
  return {{{"type", "string"}}, [](Json& value, const Where& where) {
            if (!value.is_string()) where.fail("is " + brief(value), "accepted: text");
            return value.get<std::string>();
          }};
}

Field<std::string> name_text() {
  Field<std::string> name = text();
  name.schema["minLength"] = 1;
  name.read = [read = name.read](Json& value, const Where& where) {
    std::string given = read(value, where);
    if (given.empty()) where.fail("is empty", "accepted: a name");
    return given;
  };
  return name;
}

Field<bool> boolean() {
  return {{{"type", "boolean"}}, [](Json& value, const Where& where) {
            if (!value.is_boolean()) where.fail("is " + brief(value), "accepted: true or false");
            return value.get<bool>();
          }};
}

Field<std::int64_t> whole(std::int64_t least, std::int64_t most, const std::string& words) {
  Json schema = {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
  std::string accepted = "accepted: a whole number, at least " + std::to_string(least);
  std::string at_most = "accepted: at most " + std::to_string(most);
  if (most < std::numeric_limits<std::int64_t>::max()) {
    accepted = "accepted: a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    if (least == most) accepted = "accepted: " + std::to_string(least);
    at_most = accepted;
  }
  if (!words.empty()) accepted = at_most = words;
  return {schema, [least, most, accepted, at_most](Json& value, const Where& where) {
            if (!value.is_number()) where.fail("is " + brief(value), accepted);
            const auto real = value.get<double>();
            if (real != std::floor(real)) where.fail(brief(value) + " is not a whole number", accepted);
            // As doubles first: what is far outside does not fit an integer.
            if (real >= static_cast<double>(most) + 1) where.fail(brief(value) + " is out of range", at_most);
            if (real < static_cast<double>(least)) where.fail(brief(value) + " is out of range", accepted);
            const std::int64_t read =
                value.is_number_float() ? static_cast<std::int64_t>(real) : value.get<std::int64_t>();
            if (read < least || read > most) where.fail(brief(value) + " is out of range", accepted);
            value = read;
            return read;
          }};
}

Field<double> number(Range range) {
  const bool bounded = range.most < std::numeric_limits<double>::infinity();
  Json schema = {{"type", "number"}, {range.without_least ? "exclusiveMinimum" : "minimum", range.least}};
  std::string accepted =
      std::string("accepted: a number ") + (range.without_least ? "above " : "from ") + shown(range.least);
  if (bounded) {
    schema["maximum"] = range.most;
    accepted += (range.without_least ? ", at most " : " to ") + shown(range.most);
  }
  return {schema, [range, accepted](Json& value, const Where& where) {
            if (!value.is_number()) where.fail("is " + brief(value), accepted);
            const auto read = value.get<double>();
            const bool too_small = range.without_least ? read <= range.least : read < range.least;
            if (too_small || !(read <= range.most) || std::isinf(read))
              where.fail(brief(value) + " is out of range", accepted);
            value = read;  // 1 and 1.0 are the same
            return read;
          }};
}

Field<Seconds> duration() {
  const UnitText units = {"s, ms, us, ns, min, h", duration_pattern};
  // Shorter ones are lost in the sums of a clock, or their inverse is infinite.
  return quantity("duration", parse_seconds, {1e-15, "1e-15 s", 1e9, "1e9 s", true}, units, "50 us");
}

Field<Seconds> latency() {
  const UnitText units = {"s, ms, us, ns, min, h", duration_pattern};
  // SimGrid's clock knows no less than a nanosecond; beyond a million seconds steps of fast links no longer move it.
  return quantity("duration", parse_seconds, {1e-9, "1 ns", 1e3, "1000 s", true}, units, "50 us");
}

Field<BytesPerSecond> bandwidth() {
  const UnitText units = {"bps, bit/s or B/s with k, M, G, T or Ki, Mi, Gi, Ti",
                          "(k|M|G|T|Ki|Mi|Gi|Ti)?(b|bit|B)(ps|/s)"};
  return quantity("bandwidth", parse_bandwidth, {1, "one byte a second", 1e15, "1e15 B/s"}, units, "1 Gbps");
}

Field<Bytes> size() {
  const UnitText units = {"B, b or bit with k, M, G, T or Ki, Mi, Gi, Ti", "(k|M|G|T|Ki|Mi|Gi|Ti)?(b|bit|B)"};
  return quantity("size", parse_bytes, {1, "one byte", 1e18, "1e18 B"}, units, "25 MB");
}

Field<Json> anything() {
  return {Json::object(), [](Json& value, const Where&) { return value; }};
}

void fail_unknown_key(const Where& where, const std::string& key, const std::vector<std::string>& known) {
  const auto near = nearest(key, known);
  (where / key)
      .fail(near ? "unknown key, did you mean \"" + *near + "\"?" : "unknown key", "accepted: " + one_of(known));
}

std::string one_of(const std::vector<std::string>& words, std::string_view last) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i)
    all += (i == 0 ? "" : i + 1 == words.size() ? " " + std::string(last) + " " : ", ") + words[i];
  return all;
}

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& words) {
  std::optional<std::string> best;
  // At most half of the letters may be wrong, of one letter that.
  std::size_t fewest = std::min(word.size(), std::max<std::size_t>(1, word.size() / 2)) + 1;
  for (const std::string& candidate : words) {
    const std::size_t sizes_differ = std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
    if (sizes_differ >= fewest) continue;  // at least as many letters are wrong
    const std::size_t distance = edits(word, candidate);
    if (distance < fewest) {
      fewest = distance;
      best = candidate;
    }
  }
  return best;
}

Json schema_of_choice(const std::vector<std::string>& names) {
  return {{"enum", names}};
}

std::size_t read_choice(const std::vector<std::string>& names, const Json& value, const Where& where) {
  const auto* word = value.get_ptr<const std::string*>();
  for (std::size_t i = 0; word != nullptr && i < names.size(); ++i) {
    if (*word == names[i]) return i;
  }
  const auto near = word != nullptr ? nearest(*word, names) : std::nullopt;
  where.fail("unknown value " + brief(value) + (near ? ", did you mean \"" + *near + "\"?" : ""),
             "accepted: " + one_of(names));
}

Json schema_of_list(const Json& item, std::size_t least) {
  return {{"type", "array"}, {"minItems", least}, {"items", item}};
}

void check_list(const Json& value, std::size_t least, const Where& where) {
  if (!value.is_array()) where.fail("is " + brief(value), "accepted: a list");
  if (value.size() < least)
    where.fail("the list is too short",
               "accepted: at least " + std::to_string(least) + " item" + (least == 1 ? "" : "s"));
}

Json schema_of_either(const Json& one, const Json& other) {
  return {{"anyOf", {one, other}}};
}

void check_text_or_object(const Json& value, const std::string& accepted, const Where& where) {
  if (!value.is_string() && !value.is_object()) where.fail("is " + brief(value), "accepted: " + accepted);
}

void ObjectFields::add(Entry entry, std::string about) {
  if (const auto value = entry.schema.find("default"); value != entry.schema.end() && value->is_primitive())
    about += " (default " + (value->is_string() ? value->get<std::string>() : value->dump()) + ")";
  entry.schema["description"] = std::move(about);
  keys_.push_back(entry.key);
  entries_.push_back(std::move(entry));
}

Json ObjectFields::schema() const {
  Json all = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  Json required = Json::array();
  for (const Entry& entry : entries_) {
    all["properties"][entry.key] = entry.schema;
    if (entry.always.use == Use::required) required.push_back(entry.key);
  }
  if (!required.empty()) all["required"] = std::move(required);
  return all;
}

void ObjectFields::read(void* object, Json& value, const Where& where) const {
  if (!value.is_object()) where.fail("is " + brief(value), "accepted: an object with " + one_of(keys_, "and"));
  for (const auto& [key, unused] : value.items()) {
    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) fail_unknown_key(where, key, keys_);
  }
  for (const Entry& entry : entries_) {
    const Where here = where / entry.key;
    const Fit depends = entry.fit ? entry.fit(object) : Fit{};
    const Fit& fit = entry.fit ? depends : entry.always;
    if (value.contains(entry.key)) {
      if (fit.use == Use::none) here.fail(fit.refusal, "leave it out");
    } else {
      if (fit.use == Use::required) here.fail("is missing", fit.need);
      if (fit.use == Use::none || fit.if_missing.is_null()) continue;
      value[entry.key] = fit.if_missing;
    }
    entry.read(object, value[entry.key], here);
  }
}

}  // namespace simrun
