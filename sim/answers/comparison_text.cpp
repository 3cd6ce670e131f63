#include <algorithm>
#include <array>

#include "sim/answers/alternatives.hpp"
#include "sim/answers/comparison.hpp"
#include "sim/scenario/point_label.hpp"
#include "sim/system/version.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/table.hpp"

namespace simrun {
namespace {

struct NamedPart {
  const char* name;
  const char* word;  ///< in a sentence
  Seconds Parts::*part;
};
constexpr std::array named_parts = {
    NamedPart{"compute", "computing", &Parts::compute}, NamedPart{"encode", "encoding", &Parts::encode},
    NamedPart{"communication", "communication", &Parts::communication}, NamedPart{"decode", "decoding", &Parts::decode},
    NamedPart{"staging", "copies through the host", &Parts::staging}};

/// A pair of which both have times.
struct BothParts {
  std::size_t pair;
  const Point& point;  ///< of the first
  int workers_of_second;
  Parts first;
  Parts second;

  Seconds change() const { return second.iteration - first.iteration; }
  Seconds change(const NamedPart& part) const { return second.*part.part - first.*part.part; }
};

std::vector<BothParts> both_of(const Comparison& all) {
  std::vector<BothParts> both;
  for (std::size_t number = 0; number < all.pairs.size(); ++number) {
    const ComparedPair& pair = all.pairs[number];
    const auto& a = all.first.parts[pair.first];
    const auto& b = all.second.parts[pair.second];
    if (a && b)
      both.push_back(
          {number, all.first.study.points[pair.first], all.second.study.points[pair.second].scenario.workers, *a, *b});
  }
  return both;
}

std::string signed_percent(double share) {
  return (share > 0 ? "+" : "") + percent(share);
}

std::string signed_time(Seconds time) {
  if (time.value < 0) return "-" + show(-1 * time);
  return time.value > 0 ? "+" + show(time) : "0 s";
}

std::string workers_text(const BothParts& both) {
  const std::string first = std::to_string(both.point.scenario.workers);
  const std::string second = std::to_string(both.workers_of_second);
  return first == second ? first : first + ", " + second;
}

/// Parts that change nowhere have no column.
std::vector<NamedPart> changing_parts(const std::vector<BothParts>& both) {
  std::vector<NamedPart> changing;
  for (const NamedPart& part : named_parts) {
    if (std::ranges::any_of(both, [&](const BothParts& each) { return each.change(part).value != 0; }))
      changing.push_back(part);
  }
  return changing;
}

/// With what is swept beside workers and K, by which points are told apart.
std::string name_in_table(const Point& point) {
  std::string name = name_of_alternative(point);
  for (const std::string& swept : swept_beside_label(point)) name += ", " + swept;
  return name;
}

std::string output_table(const std::vector<BothParts>& both) {
  constexpr std::size_t most_rows = 50;
  const std::vector<NamedPart> parts = changing_parts(both);
  Table table({"iteration of", "M", "first", "second", "change"});
  for (const NamedPart& part : parts) table.add_column(part.name);
  for (std::size_t i = 0; i < both.size() && i < most_rows; ++i) {
    const BothParts& each = both[i];
    std::vector<std::string> row = {name_in_table(each.point), workers_text(each), show(each.first.iteration),
                                    show(each.second.iteration), signed_percent(each.change() / each.first.iteration)};
    for (const NamedPart& part : parts) row.push_back(signed_time(each.change(part)));
    table.add_row(std::move(row));
  }
  if (both.size() > most_rows)
    return table.text() + "and " + std::to_string(both.size() - most_rows) + " more, which --format csv has\n";
  return table.text();
}

constexpr const char* not_alone = "not by itself";
constexpr const char* why_not_alone =
    "not by itself: could not be simulated alone (it goes only with others, the second leaves it out, contents\n"
    "of files differ, a run was measured), or there would be too many simulations\n";

/// "-85.3 %", or "-85.3 % to -3.1 %".
std::string range_of(const std::map<std::size_t, double>& alone) {
  if (alone.empty()) return not_alone;
  const auto [least, most] = std::ranges::minmax_element(alone, {}, [](const auto& entry) { return entry.second; });
  const std::string low = signed_percent(least->second);
  const std::string high = signed_percent(most->second);
  return low == high ? low : low + " to " + high;
}

std::string input_table(const Comparison& all) {
  if (all.inputs.empty()) {
    const std::string alone = points_alone(all);
    return alone.empty() ? "What went in is the same.\n"
                         : "What went in is the same in the points that are in both. Without a pair: " + alone + ".\n";
  }
  Table table({"what went in", "first", "second", "points", "alone it changes an iteration by"});
  table.align_left();
  const auto text = [](const Json& value) { return value.is_null() ? "" : brief(value); };
  for (const InputDifference& each : all.inputs)
    table.add_row({each.is_contents ? "contents of " + each.path : each.path, text(each.first), text(each.second),
                   std::to_string(each.pairs.size()), range_of(each.alone)});
  const bool any_left = std::ranges::any_of(all.inputs, [](const auto& each) { return each.alone.empty(); });
  return table.text() + (any_left ? why_not_alone : "");
}

/// What explains most of all changes together.
std::string sentence_of_outputs(const Comparison& all) {
  const std::vector<BothParts> both = both_of(all);
  const auto longer = std::ranges::count_if(both, [](const BothParts& each) { return each.change() > Seconds(1e-9); });
  const auto shorter =
      std::ranges::count_if(both, [](const BothParts& each) { return each.change() < Seconds(-1e-9); });
  std::string text = std::to_string(both.size()) + (both.size() == 1 ? " point is" : " points are") +
                     " in both; in the second " + std::to_string(shorter) + " are faster and " +
                     std::to_string(longer) + " slower.";
  double total = 0;
  for (const BothParts& each : both) total += std::abs(each.change().value);
  if (total <= 1e-9 * static_cast<double>(both.size())) return text;
  const NamedPart* most = nullptr;
  double most_of = 0;
  for (const NamedPart& part : named_parts) {
    double sum = 0;
    for (const BothParts& each : both) sum += std::abs(each.change(part).value);
    if (sum <= most_of) continue;
    most_of = sum;
    most = &part;
  }
  return most == nullptr ? text : text + " The largest part of the changes is in " + most->word + ".";
}

Row row_of_pair(const BothParts& both) {
  const auto& kept = both.point.scenario.method.kept;
  Row row = {{"pair", both.pair},
             {"method", both.point.label},
             {"density", kept ? Json(kept->density(both.point.scenario.elements())) : Json()},
             {"workers", both.point.scenario.workers},
             {"workers_second", both.workers_of_second},
             {"first_iteration_s", both.first.iteration.value},
             {"second_iteration_s", both.second.iteration.value},
             {"change", both.change() / both.first.iteration}};
  for (const NamedPart& part : named_parts)
    row.emplace_back(std::string(part.name) + "_change_s", both.change(part).value);
  Json swept = Json::object();
  for (const auto& [key, value] : both.point.swept) swept[key] = *value;
  row.emplace_back("swept", swept.empty() ? Json() : swept);
  return row;
}

}  // namespace

std::string points_alone(const Comparison& all) {
  std::string text;
  for (const auto& [names, run] : {std::pair(&all.only_first, "first"), std::pair(&all.only_second, "second")}) {
    if (names->empty()) continue;
    text +=
        (text.empty() ? "" : ", ") + std::to_string(names->size()) + " of the " + run + " (" + in_short(*names) + ")";
  }
  return text;
}

std::string comparison_text(const Comparison& all) {
  std::string text = "first: " + shown_name(all.first.name) + "\nsecond: " + shown_name(all.second.name) + "\n" +
                     sentence_of_outputs(all) + "\n\n";
  if (all.first.version != all.second.version)
    text += "simrun " + all.first.version + " and " + all.second.version + "\n";
  return text + input_table(all) + "\n" + output_table(both_of(all));
}

std::string comparison_csv(const Comparison& all) {
  std::string lines;
  for (const BothParts& both : both_of(all)) {
    const Row row = row_of_pair(both);
    if (lines.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : row) names.push_back(name);
      lines = csv_header(names);
    }
    lines += csv_line(row);
  }
  return lines;
}

Json comparison_json(const Comparison& all) {
  Json inputs = Json::array();
  for (const InputDifference& each : all.inputs) {
    Json alone = Json::object();
    for (const auto& [pair, change] : each.alone) alone[std::to_string(pair)] = change;
    inputs.push_back({{"path", each.path},
                      {"contents", each.is_contents},
                      {"first", each.first},
                      {"second", each.second},
                      {"points", each.pairs.size()},
                      {"alone", alone}});
  }
  Json points = Json::array();
  for (const BothParts& both : both_of(all)) points.push_back(object_of(row_of_pair(both)));
  return {
      {"first", {{"name", all.first.name}, {"simrun", all.first.version}, {"only_there", all.only_first.size()}}},
      {"second", {{"name", all.second.name}, {"simrun", all.second.version}, {"only_there", all.only_second.size()}}},
      {"conclusions", {sentence_of_outputs(all)}},
      {"inputs", inputs},
      {"points", points},
      {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}}};
}

}  // namespace simrun
