#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/text/json.hpp"

namespace simrun {

/// One key of a scenario's `sweep`. The words "all" of `collective` are replaced by what they stand for.
struct SweepKey {
  std::string name;
  Json values;  ///< a list, not empty
};

/// Takes `sweep` out of a scenario; none where there is none. Throws InputError for keys that no scenario has, for what
/// is no list, for more than 100,000 combinations, and for a collective that fits no entry of `methods`.
std::vector<SweepKey> take_sweep(Json& scenario, const std::string& file);

/// True for keys that stand for a field of every entry of `methods` that accepts it: density, k, index, local_steps,
/// collective, grouping, hierarchy.
bool is_method_key(const std::string& key);
const std::vector<std::string>& method_keys();  ///< all of them

/// True for keys that choose how a method is run and not what it computes: `collective`, `grouping` and
/// `hierarchy`, also as a path into one entry of `methods`.
bool is_way_of_running(const std::string& key);

/// True if an entry of `methods` takes its collective from the sweep and can use this one. A place of the server asks
/// for a server. Of entries that are not sound it is true.
bool can_use_collective(const Json& entry, const std::string& collective);

/// What a value of a key means for an entry of `methods`.
enum class SweepUse {
  applies,
  keeps_own,  ///< the entry takes no value of this key, or gives its own: it runs once, whatever the value
  unfit,      ///< it takes others of the values, but not this one: there is no such point
};

/// `value`: its number among the values of `keys[key]`. Entries that are not sound accept everything; who reads them
/// says what is wrong.
SweepUse use_of(const Json& entry, const std::vector<SweepKey>& keys, std::size_t key, std::size_t value);

}  // namespace simrun
