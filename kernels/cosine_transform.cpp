#include "kernels/cosine_transform.hpp"

#include <cmath>
#include <memory>
#include <numbers>

namespace simrun {
namespace {

std::unique_ptr<const CosineTables> make_tables() {
  auto tables = std::make_unique<CosineTables>();
  for (unsigned h = 1; h < CosineTables::size; h *= 2) {
    for (unsigned j = 0; j < h; ++j) {
      const double turn = std::numbers::pi * j / h;
      tables->turn_cos[h + j] = static_cast<float>(std::cos(turn));
      tables->turn_sin[h + j] = static_cast<float>(std::sin(turn));
      tables->quarter_cos[h + j] = static_cast<float>(std::cos(turn / 4));
      tables->quarter_sin[h + j] = static_cast<float>(std::sin(turn / 4));
    }
  }
  for (int log = 0; log <= CosineTables::most_log + 1; ++log)
    tables->scales[log] = static_cast<float>(std::sqrt(std::ldexp(1.0, 1 - log)));
  return tables;
}

}  // namespace

const CosineTables& CosineTables::get() {
  static const std::unique_ptr<const CosineTables> tables = make_tables();
  return *tables;
}

}  // namespace simrun
