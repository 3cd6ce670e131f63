#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/scenario/device_text.hpp"
#include "sim/scenario/gradient_files.hpp"
#include "sim/scenario/model_text.hpp"
#include "sim/scenario/platform_reader.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/text/json.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// Reads scenarios of one file; models, profiles and platforms that they name are read once.
class ScenarioReader {
 public:
  explicit ScenarioReader(std::string file);
  ~ScenarioReader();

  /// The point of `scenario` (without `sweep`) that runs its method number `method`. Throws InputError; messages call
  /// the method `number` where that is given.
  Scenario read(Json scenario, std::size_t method, std::optional<std::size_t> number = std::nullopt);

  /// Keeps a model that stands in the scenario itself, if it is large, so that it need not be copied and read for every
  /// point; a name stands for it in scenarios that are read afterwards.
  void put_aside(Json& model);

  /// What users should know about how the scenario was understood: which device profile `auto` is, say. One line each.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Fields;

  std::shared_ptr<const SharedPart> shared_part(const std::string& key, Json& value);
  std::shared_ptr<const Model> find_model(Json& value);
  std::shared_ptr<const DeviceProfile> find_device(const DeviceText& text);
  /// The file that `name` stands for; fails at `where` if it cannot be read.
  std::string readable_file(const std::string& name, const Where& where, const std::string& what) const;

  /// The same for a path or for a name in one of the `folders`, the first that has it. Messages list the names of the
  /// first folder but for those that `accepted` has.
  std::string named_file(const std::string& name, const Where& where, const std::string& what,
                         const std::vector<std::string>& folders, const std::vector<std::string>& accepted) const;
  DeviceProfile read_device(const std::string& name, const std::string& implementation, const Where& where);
  void add_note(const std::string& note);
  void find_other_files(Scenario& scenario, const Where& top);
  void resolve(Scenario& scenario, Json json, std::size_t method);

  std::string file_;
  std::string folder_;
  std::unique_ptr<const Fields> fields_;
  std::map<std::string, std::shared_ptr<const Model>> models_;
  std::map<std::string, std::shared_ptr<const SharedPart>> aside_;  ///< by name
  std::map<std::tuple<std::string, std::string, std::string, BytesPerSecond>, std::shared_ptr<const DeviceProfile>>
      devices_;
  PlatformReader platforms_;
  GradientFinder gradients_;
  std::vector<std::string> notes_;
  std::set<std::string> noted_;
};

}  // namespace simrun
