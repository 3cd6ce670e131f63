#include "sim/answers/explain_report.hpp"

#include <algorithm>
#include <array>

#include "sim/answers/alternatives.hpp"
#include "sim/system/version.hpp"
#include "sim/text/csv.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

using PieceKind = PathPiece::Kind;

constexpr std::array kinds = {PieceKind::compute,  PieceKind::encode, PieceKind::staging, PieceKind::decode,
                              PieceKind::transfer, PieceKind::send,   PieceKind::other};

Seconds time_in(const std::vector<PathPiece>& path, PieceKind kind) {
  Seconds time;
  for (const PathPiece& piece : path) {
    if (piece.kind == kind) time += piece.end - piece.begin;
  }
  return time;
}

std::string who(const Explanation& all, int rank) {
  return rank == all.point.scenario.workers ? "the server" : "worker " + std::to_string(rank);
}

std::string what(PieceKind kind) {
  constexpr std::array words = {"computing",
                                "encoding",
                                "copies through the host",
                                "decoding",
                                "messages on their way",
                                "waits for sends",
                                "servers and costs of messages"};
  return words[static_cast<std::size_t>(kind)];
}

std::string share_of(Seconds part, Seconds whole) {
  return percent(part / whole);
}

/// Of what the path consists, the longest first.
std::string sentence_of_path(const Explanation& all) {
  std::vector<std::pair<Seconds, PieceKind>> parts;
  for (const PieceKind kind : kinds) {
    const Seconds time = time_in(all.path, kind);
    if (time / all.times.iteration >= 0.001) parts.emplace_back(time, kind);
  }
  std::ranges::sort(parts, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text = "The critical path consists of ";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ");
    text += share_of(parts[i].first, all.times.iteration) + " " + what(parts[i].second);
  }
  return text + ", and ends on " + who(all, all.path.back().rank) + ".";
}

const LocalSteps& local_of(const Explanation& all) {
  return all.point.scenario.method.local;
}

std::string sentence_of_hidden(const Explanation& all) {
  const Times& times = all.times;
  const bool is_local = local_of(all).is_local();
  const Seconds seen = times.communication + (is_local ? times.encode + times.decode + times.staging : Seconds(0));
  const Seconds hidden = std::max(Seconds(0), all.exchanging - seen);
  if (all.exchanging.value == 0) return "Nothing is exchanged.";
  return "Exchanges take " + show(all.exchanging) + (is_local ? " a step" : "") + ", of which " + show(hidden) +
         " are hidden behind other work of the same worker.";
}

/// What it is that takes the time.
std::string iteration_of(const Explanation& all) {
  const LocalSteps& local = local_of(all);
  if (!local.is_local()) return "an iteration takes ";
  const std::int64_t steps = local.steps * local.cycle();
  return steps == 1 ? "a step takes " : "a step takes, as the mean of " + std::to_string(steps) + ", ";
}

std::string sentence_of_elasticity(const Explanation& all) {
  const auto most = std::ranges::max_element(all.elasticities, {}, &Elasticity::shorter);
  if (most == all.elasticities.end() || most->shorter <= 0) return "None of the changes of 1 % makes it faster.";
  return "Of changes of 1 % the most worth is " + most->what.substr(4) + ": an iteration is " +
         percent(most->shorter, 2) + " shorter.";
}

std::string ranks_of(const Explanation& all, const PathStretch& stretch) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < stretch.ranks.size() && i < most; ++i)
    text += (i == 0 ? "" : ", ") + who(all, stretch.ranks[i]);
  if (stretch.ranks.size() > most) text += " and " + std::to_string(stretch.ranks.size() - most) + " more";
  return stretch.kind == PieceKind::transfer ? "to " + text : "on " + text;
}

std::string path_table(const Explanation& all) {
  constexpr std::size_t most = 24;
  if (all.path.empty()) return "";
  const std::vector<PathStretch> stretches = stretches_of(all.path);
  Table table({"critical path", "time", "share", "pieces", ""});
  for (std::size_t i = 0; i < stretches.size() && i < most; ++i) {
    const PathStretch& each = stretches[i];
    table.add_row({name_of(each.kind), show(each.time), share_of(each.time, all.times.iteration),
                   std::to_string(each.pieces), ranks_of(all, each)});
  }
  if (stretches.size() > most) table.add_row({"and " + std::to_string(stretches.size() - most) + " more stretches"});
  return "\n" + table.text();
}

std::string elasticity_table(const Explanation& all) {
  Table table({"if there were", "an iteration would be shorter by"});
  for (const Elasticity& each : all.elasticities) table.add_row({each.what, percent(each.shorter, 3)});
  return "\n" + table.text();
}

Json parts_json(const Explanation& all) {
  const Times& times = all.times;
  return {{"compute_s", times.compute.value},
          {"encode_s", times.encode.value},
          {"communication_s", times.communication.value},
          {"decode_s", times.decode.value},
          {"staging_s", times.staging.value},
          {"exchanges_s", all.exchanging.value}};
}

}  // namespace

std::vector<PathStretch> stretches_of(const std::vector<PathPiece>& path) {
  std::vector<PathStretch> stretches;
  for (const PathPiece& piece : path) {
    if (stretches.empty() || stretches.back().kind != piece.kind) stretches.push_back({.kind = piece.kind});
    PathStretch& last = stretches.back();
    last.time += piece.end - piece.begin;
    ++last.pieces;
    if (std::ranges::find(last.ranks, piece.rank) == last.ranks.end()) last.ranks.push_back(piece.rank);
  }
  return stretches;
}

std::vector<std::string> conclusions_of(const Explanation& all) {
  std::vector<std::string> sentences;
  if (!all.path.empty()) sentences.push_back(sentence_of_path(all));
  if (!all.why_no_path.empty()) sentences.push_back("There is no critical path: " + all.why_no_path + ".");
  sentences.push_back(sentence_of_hidden(all));
  sentences.push_back(sentence_of_elasticity(all));
  return sentences;
}

std::string explanation_text(const Explanation& all) {
  const Times& times = all.times;
  const Scenario& scenario = all.point.scenario;
  std::string text = all.among > 1 ? "The fastest of " + std::to_string(all.among) + " points: " : "";
  text += shown_name(name_of_alternative(all.point)) + ", " + std::to_string(scenario.workers) +
          " workers, network model " + name_of(scenario.network.model) + ": " + iteration_of(all) +
          show(times.iteration);
  text = wrapped(text, 0) + "\n";
  for (const std::string& sentence : conclusions_of(all)) text += wrapped(sentence, 0) + "\n";
  text += "\ncompute " + show(times.compute) + ", encode " + show(times.encode) + ", waiting for others " +
          show(times.communication) + ", decode " + show(times.decode);
  if (times.staging.value > 0) text += ", staging " + show(times.staging);
  return text + "\n" + path_table(all) + elasticity_table(all);
}

std::string explanation_csv(const Explanation& all) {
  std::string lines = csv_header({"kind", "rank", "sender", "begin_s", "end_s"});
  const Seconds origin = all.path.empty() ? Seconds(0) : all.path.front().begin;
  for (const PathPiece& piece : all.path) {
    lines += csv_line({{"kind", name_of(piece.kind)},
                       {"rank", piece.rank},
                       {"sender", piece.kind == PieceKind::transfer ? Json(piece.sender) : Json()},
                       {"begin_s", (piece.begin - origin).value},
                       {"end_s", (piece.end - origin).value}});
  }
  return lines;
}

Json explanation_json(const Explanation& all) {
  Json path = Json::array();
  const Seconds origin = all.path.empty() ? Seconds(0) : all.path.front().begin;
  for (const PathPiece& piece : all.path) {
    path.push_back({{"kind", name_of(piece.kind)},
                    {"rank", piece.rank},
                    {"sender", piece.kind == PieceKind::transfer ? Json(piece.sender) : Json()},
                    {"begin_s", (piece.begin - origin).value},
                    {"end_s", (piece.end - origin).value}});
  }
  Json shorter = Json::object();
  for (const Elasticity& each : all.elasticities) shorter[each.name] = each.shorter;
  return {{"point", name_of_alternative(all.point)},
          {"workers", all.point.scenario.workers},
          {"fastest_of", all.among},
          {"network_model", name_of(all.point.scenario.network.model)},
          {"iteration_s", all.times.iteration.value},
          {"conclusions", conclusions_of(all)},
          {"parts", parts_json(all)},
          {"critical_path", path},
          {"shorter_by_1_percent_of", shorter},
          {"versions", {{"simrun", SIMRUN_VERSION}, {"commit", simrun_commit()}}}};
}

}  // namespace simrun
