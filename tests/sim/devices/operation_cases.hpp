#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "sim/calibration/calibration_case.hpp"
#include "sim/calibration/codec_case.hpp"
#include "tests/kernels/share.hpp"

namespace simrun {

/// A few places on an operation's axes: with one block a tensor and with many, with and without a guess of top-k.
inline std::vector<std::vector<double>> places_of(const OperationEntry& operation) {
  std::vector<std::vector<double>> places;
  for (const double first : {1.0, 1000.0, 300'000.0}) {
    if (operation.axes.size() == 1) {
      places.push_back({operation.axes[0] == Axis::entries ? std::max(1.0, first / 16) : first});
    } else {
      const bool parts = operation.axes[1] == Axis::parts;
      for (const double second : parts ? std::vector<double>{1, 2, 9} : std::vector<double>{1e-3, 0.2, 1}) {
        places.push_back({first, second});
      }
    }
  }
  return places;
}

/// Every operation of a profile on kernels, with 16 bits every one that reads a gradient: `prepare(work)` makes it
/// there, and twice it must give what the CPU back end gives of the gradient rounded to `precision`.
template <class Prepare>
void check_operations(const Prepare& prepare, Precision precision = Precision::fp32) {
  const CalibrationData data(300'000, 2, 2, precision);
  const Share share = share_of_this_process();
  for (const OperationEntry& operation : measured_operations()) {
    const std::vector<std::vector<double>> places = places_of(operation);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!share.has(i, places.size())) continue;
      INFO(operation.name << " at " << places[i].front() << ", " << places[i].back());
      const OperationCase work = data.make_case(operation, places[i]);
      if (precision != Precision::fp32 && work.gradient.empty()) break;
      const auto on_kernels = prepare(work);
      for (int time = 0; time < 2; ++time) {
        on_kernels->reset();
        on_kernels->run();
        CHECK(agrees(work, on_kernels->result()));
      }
    }
  }
}

}  // namespace simrun
