#include "sim/methods/kept.hpp"

#include <algorithm>
#include <cmath>

#include "sim/text/units.hpp"

namespace simrun {

std::uint64_t Kept::entries(std::uint64_t elements) const {
  if (const auto* number = std::get_if<std::uint64_t>(&how_)) return *number;
  const auto rounded = std::llround(std::get<double>(how_) * static_cast<double>(elements));
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rounded));
}

double Kept::density(std::uint64_t elements) const {
  if (const auto* share = std::get_if<double>(&how_)) return *share;
  return static_cast<double>(std::get<std::uint64_t>(how_)) / static_cast<double>(elements);
}

std::string Kept::text() const {
  if (const auto* share = std::get_if<double>(&how_)) return "K/N " + show(*share);
  return "K = " + std::to_string(std::get<std::uint64_t>(how_));
}

}  // namespace simrun
