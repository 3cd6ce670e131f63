#pragma once

#include <span>

namespace simrun {

/// The value below which that share of `ascending` (not empty) lies, interpolated linearly between neighbours, of which
/// the first stands for 0 and the last for 1. Source: definition 7 of Hyndman and Fan, The American Statistician, 1996.
double quantile(std::span<const double> ascending, double share);

}  // namespace simrun
