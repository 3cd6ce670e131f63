#pragma once

#include <string_view>

namespace simrun {

/// True if `a` comes before `b` by its characters, but numbers within by their value: layer.2 before layer.10. Numbers
/// of one value are told apart by their zeros in front.
bool comes_before(std::string_view a, std::string_view b);

}  // namespace simrun
