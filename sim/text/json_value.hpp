#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace simrun {

/// JSON whose objects keep the order of the file. sim/text/json.hpp has all of it.
using Json = nlohmann::ordered_json;

/// A JSON value that never changes, shared by its copies; null at first. Headers hold it without the JSON library.
class JsonValue {
 public:
  JsonValue();
  JsonValue(Json value);

  const Json& operator*() const { return *value_; }
  const Json* operator->() const { return value_.get(); }

 private:
  std::shared_ptr<const Json> value_;
};

}  // namespace simrun
