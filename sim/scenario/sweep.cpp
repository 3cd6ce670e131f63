#include "sim/scenario/sweep.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/scenario/baseline.hpp"
#include "sim/scenario/json_path.hpp"
#include "sim/scenario/local_steps_text.hpp"
#include "sim/scenario/plan_text.hpp"
#include "sim/scenario/point_label.hpp"
#include "sim/scenario/scenario_reader.hpp"
#include "sim/scenario/sweep_keys.hpp"
#include "sim/scenario/unfit_points.hpp"
#include "sim/text/fields.hpp"

namespace simrun {
namespace {

/// A path into an entry of `methods`: the entry's number, and the path below it with a dot in front.
struct PathIntoMethod {
  std::size_t method;
  std::string rest;
};

/// None for any other path. The path was checked before.
std::optional<PathIntoMethod> path_into_method(const std::string& path) {
  const std::string list = "methods.";
  if (!path.starts_with(list)) return std::nullopt;
  const std::size_t end = std::min(path.find('.', list.size()), path.size());
  return PathIntoMethod{std::stoul(path.substr(list.size(), end - list.size())), path.substr(end)};
}

/// Expands the combinations one after another.
class Expansion {
 public:
  Expansion(Study& study, Json base, std::vector<SweepKey> keys)
      : study_(study), reader_(study.file), base_(std::move(base)), keys_(std::move(keys)) {
    if (base_.is_object() && base_.contains("methods") && base_["methods"].is_array())
      std::swap(methods_, base_["methods"]);
    const auto is_of_model = [](const SweepKey& key) { return key.name == "model" || key.name.starts_with("model."); };
    if (base_.is_object() && base_.contains("model") && std::none_of(keys_.begin(), keys_.end(), is_of_model))
      reader_.put_aside(base_["model"]);
  }

  void run() {
    check_paths_into_methods();
    std::vector<std::size_t> choice(keys_.size(), 0);
    do {
      add_combination(choice);
    } while (advance(choice));
    check_entries();
    for (std::size_t point = 0; point < study_.points.size(); ++point)
      study_.points[point].sgd = compared_with_[point]->rows;
    label_points(study_);
    for (const std::string& note : reader_.notes()) study_.notes.push_back(note);
    for (const std::string& note : unfit_.notes()) study_.notes.push_back(note);
    if (const auto note = note_of_baseline(study_)) study_.notes.push_back(*note);
    for (const SweepKey& key : keys_) study_.keys.emplace_back(key.name, key.values.size());
  }

 private:
  bool advance(std::vector<std::size_t>& choice) const {
    for (std::size_t i = choice.size(); i-- > 0;) {
      if (++choice[i] < keys_[i].values.size()) return true;
      choice[i] = 0;
    }
    return false;
  }

  void add_combination(const std::vector<std::size_t>& choice) {
    SgdRows& sgd = sgd_[aside_from_ways(choice)];
    std::vector<std::optional<std::size_t>> rows;  // none of a method that the combination does not fit
    // Without methods the reader says what is missing.
    for (std::size_t method = 0; method < std::max<std::size_t>(1, methods_.size()); ++method) {
      rows.push_back(add_point(choice, method));
      if (!rows.back()) continue;
      if (study_.points[*rows.back()].scenario.method.method->name == "sgd") sgd.add(*rows.back(), method);
      compared_with_.resize(study_.points.size(), &sgd);
    }
    tell_apart(rows);
  }

  /// Entries that have had the same rows so far stay in one class.
  void tell_apart(const std::vector<std::optional<std::size_t>>& rows) {
    classes_.resize(rows.size());
    std::map<std::pair<std::size_t, std::optional<std::size_t>>, std::size_t> first;  // entry by class and row
    for (std::size_t i = 0; i < rows.size(); ++i)
      classes_[i] = first.try_emplace({classes_[i], rows[i]}, i).first->second;
  }

  /// The combination without what chooses how methods are run.
  std::vector<std::size_t> aside_from_ways(std::vector<std::size_t> choice) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (is_way_of_running(keys_[i].name)) choice[i] = 0;
    }
    return choice;
  }

  /// Throws where an entry has no row, or two say the same, whatever the sweep.
  void check_entries() const {
    for (const auto& [method, error] : refused_) {
      if (!have_rows_.contains(method)) throw InputError(error);
    }
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      if (classes_[i] == i) continue;
      const std::string other = "methods." + std::to_string(classes_[i]);
      const Where here = Where{study_.file, ""} / "methods" / i;
      if (const std::string replaced = replaced_by_sweep(methods_[i], methods_[classes_[i]]); !replaced.empty())
        here.fail("says the same as " + other + ", since sweep." + replaced + " takes the place of what both say",
                  "accepted: entries that differ in what is not swept");
      here.fail("says the same as " + other, "accepted: entries that differ");
    }
  }

  /// A swept key in which two entries differ; empty: there is none.
  std::string replaced_by_sweep(const Json& a, const Json& b) const {
    for (const auto& key : keys_) {
      if (a.value(key.name, Json()) != b.value(key.name, Json())) return key.name;
    }
    return "";
  }

  /// The row of this combination and method: a new one, or the one that equals it; none where they do not fit.
  std::optional<std::size_t> add_point(const std::vector<std::size_t>& choice, std::size_t method) {
    Point point;
    point.method = method;
    std::optional<Scenario> scenario = read(choice, method, point.swept);
    if (!scenario) return std::nullopt;
    have_rows_.insert(method);
    point.scenario = std::move(*scenario);
    // Sorted keys: in which order they were written does not matter.
    nlohmann::json identity = *point.scenario.resolved;
    identity.erase("name");
    const auto [known, is_new] = rows_.try_emplace(identity.dump(), study_.points.size());
    if (is_new) study_.points.push_back(std::move(point));
    return known->second;
  }

  Where origin(std::size_t key, std::size_t value) const {
    return Where{study_.file, ""} / "sweep" / keys_[key].name / value;
  }

  /// Throws where a swept path does not fit the list of methods.
  void check_paths_into_methods() const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (!keys_[i].name.starts_with("methods.") || methods_.empty()) continue;
      Json list = {{"methods", methods_}};
      set_at(list, keys_[i].name, keys_[i].values.front(), origin(i, 0));
    }
  }

  /// The scenario with this one method is read, so that many methods cost no more than they must.
  std::optional<Scenario> read(const std::vector<std::size_t>& choice, std::size_t method, SweptValues& swept) {
    Json json = base_;
    if (!methods_.empty()) json["methods"].push_back(methods_[method]);
    std::vector<std::pair<std::string, std::string>> origins;  // path in the scenario, path in the sweep
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const SweepKey& key = keys_[i];
      std::string path = key.name;
      if (is_method_key(key.name) && methods_.empty()) continue;
      const SweepUse use = methods_.empty() ? SweepUse::applies : use_of(methods_[method], keys_, i, choice[i]);
      if (use == SweepUse::unfit) return std::nullopt;
      if (use == SweepUse::keeps_own) continue;
      if (is_method_key(key.name)) path = "methods." + std::to_string(method) + "." + key.name;
      const Json& value = key.values[choice[i]];
      const Where where = origin(i, choice[i]);
      check_not_set(path, where, origins);
      origins.emplace_back(path, where.path);
      const auto into = path_into_method(path);
      if (into && into->method != method) continue;
      set_at(json, into ? "methods.0" + into->rest : path, value, where);
      swept.emplace_back(key.name, value);
    }
    drop_unused_seed(json, swept);
    try {
      return reader_.read(std::move(json), 0, method);
    } catch (const UnfitPoint& unfit) {
      const InputError error = blame_sweep(unfit, origins);
      if (!unfit_.leave_out(unfit, method, swept)) throw error;
      refused_.try_emplace(method, error);
      return std::nullopt;
    } catch (const InputError& error) {
      throw blame_sweep(error, origins);
    }
  }

  /// Where placements are swept, the seed of shuffled ones is nothing to the others.
  void drop_unused_seed(Json& json, SweptValues& swept) const {
    const auto is_placement = [](const SweepKey& key) { return key.name == "network.placement"; };
    if (std::ranges::none_of(keys_, is_placement) || json["network"].value("placement", Json()) == "shuffled") return;
    json["network"].erase("placement_seed");
    std::erase_if(swept, [](const auto& value) { return value.first == "network.placement_seed"; });
  }

  /// True if `b` is the path `a` or lies below it.
  static bool is_prefix(const std::string& a, const std::string& b) { return b == a || b.starts_with(a + "."); }

  /// What an earlier key of the sweep has set would be lost.
  static void check_not_set(const std::string& path, const Where& where,
                            const std::vector<std::pair<std::string, std::string>>& origins) {
    for (const auto& [earlier, origin] : origins) {
      if (is_prefix(path, earlier))
        where.fail("replaces what " + origin + " has set", "accepted: one of them, or the wider one first");
    }
  }

  /// An error at a path that the sweep set is the sweep's.
  InputError blame_sweep(const InputError& error,
                         const std::vector<std::pair<std::string, std::string>>& origins) const {
    if (error.file() != study_.file) return error;
    for (const auto& [path, origin] : origins) {
      if (is_prefix(path, error.path()) || is_prefix(error.path(), path)) return error.at(origin);
    }
    return error;
  }

  /// The rows of the first sgd entry, whatever the ways in which it is run.
  struct SgdRows {
    std::size_t method = 0;
    std::vector<std::size_t> rows;

    void add(std::size_t row, std::size_t of_method) {
      if (!rows.empty() && of_method > method) return;
      if (of_method < method) rows.clear();
      method = of_method;
      if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
    }
  };

  Study& study_;
  ScenarioReader reader_;
  Json base_;  ///< without the methods
  Json methods_ = Json::array();
  std::vector<SweepKey> keys_;
  std::map<std::string, std::size_t> rows_;
  std::map<std::vector<std::size_t>, SgdRows> sgd_;  ///< by combination aside from ways of running
  std::vector<const SgdRows*> compared_with_;        ///< by row: those of its first combination
  UnfitPoints unfit_;
  std::map<std::size_t, InputError> refused_;  ///< by method: the first point that was left out
  std::set<std::size_t> have_rows_;            ///< methods
  std::vector<std::size_t> classes_;           ///< by method: the first that had the same row in every combination
};

}  // namespace

Study expand(const std::string& file, Json scenario) {
  Study study;
  study.file = file;
  study.json = scenario;
  take_plan(scenario, file);
  std::vector<SweepKey> keys = take_sweep(scenario, file);
  Expansion(study, std::move(scenario), std::move(keys)).run();
  return study;
}

Study read_study(const std::string& file, const std::vector<Override>& overrides) {
  std::vector<std::string> notes;
  Study study = expand(file, read_scenario_json(file, overrides, notes));
  study.notes.insert(study.notes.begin(), notes.begin(), notes.end());
  return study;
}

Study with_points(const Study& study, const std::vector<std::size_t>& points) {
  Study part = study;
  part.points.clear();
  for (const std::size_t point : points) {
    Point& kept = part.points.emplace_back(study.points[point]);
    std::vector<std::size_t> sgd;
    for (const std::size_t row : kept.sgd) {
      const auto found = std::find(points.begin(), points.end(), row);
      if (found != points.end()) sgd.push_back(static_cast<std::size_t>(found - points.begin()));
    }
    kept.sgd = std::move(sgd);
  }
  return part;
}

void refuse_searches(const Study& study, const char* command) {
  for (const Point& point : study.points) {
    if (!std::holds_alternative<Grouping::Search>(point.scenario.grouping.how)) continue;
    const Where top{study.file, ""};
    const Where where = point.scenario.method.grouping ? top / "methods" / point.method : top / "schedule";
    (where / "grouping")
        .fail(std::string("simrun ") + command + " does not search for groups",
              "accepted: groups that simrun schedule has found");
  }
}

}  // namespace simrun
