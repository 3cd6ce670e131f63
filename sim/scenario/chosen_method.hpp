#pragma once

#include <cstdint>

#include "sim/scenario/scenario_text.hpp"

namespace simrun {

/// What an entry of `methods` stands for with a model of so many elements. Throws InputError below `where`: a
/// collective that cannot combine what the method sends, options that it has no use for, density and k that do not fit.
MethodChoice choose_method(const MethodText& text, std::uint64_t elements, const Where& where);

}  // namespace simrun
