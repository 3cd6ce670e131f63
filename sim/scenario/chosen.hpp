#pragma once

#include <optional>
#include <string>

#include "sim/text/where.hpp"

namespace simrun {

/// What a field is to a choice that users have made.
enum class Use { none, optional, required };

constexpr Use optional_if(bool used) {
  return used ? Use::optional : Use::none;
}
constexpr Use required_if(bool used) {
  return used ? Use::required : Use::none;
}

/// A choice on which it depends which fields there may be: "topology star".
struct Chosen {
  std::string what;
  Where where;  ///< of the object with the fields

  /// Takes the field `key` over into `to` where it is given. Throws InputError where it is given and has no use, or is
  /// required and missing.
  template <class T, class U>
  void take(const std::optional<T>& value, U& to, Use use, const std::string& key) const {
    if (value && use == Use::none) (where / key).fail("does not go with " + what, "leave it out");
    if (!value && use == Use::required) (where / key).fail("is missing", "required with " + what);
    if (value) to = static_cast<U>(*value);
  }
};

}  // namespace simrun
