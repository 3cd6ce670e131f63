// Holds the model of simrun's kernels (docs/devices.md, "Modelled times") against a measured profile:
//
//     kernel_model platforms/devices/h200-measured.json platforms/devices/h200.json [SMALL]
//
// The second has the model. SMALL: up to which size of tensors one block selected when the first was measured, if it is
// another one today.
//
// Prints how far the model is off, and the clock cycles that would bring it closest: what stands in
// sim/devices/kernel_cycles.cpp. For each operation they are the least sum of |log(measured / modelled)|, once over
// every other point, to see how far they are off at those in between, and once over all points, to be written down.
// Encodings that keep every element, and index codings of half of the elements and more, are left out.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "sim/devices/profile_text.hpp"

namespace simrun {
namespace {

struct Point {
  Work work;
  double seconds;
};

/// What an operation of a profile was timed on.
Work work_at(const OperationEntry& operation, const std::vector<CostTable::GridAxis>& axes,
             const std::vector<double>& place) {
  Work work{.stage = operation.stage};
  double density = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].axis == Axis::elements) work.elements = place[i];
    if (axes[i].axis == Axis::entries) work.entries = place[i];
    if (axes[i].axis == Axis::parts) work.parts = place[i];
    if (axes[i].axis == Axis::density) density = place[i];
  }
  if (density > 0) work.entries = std::max(1.0, std::floor(density * work.elements));
  return work;
}

bool is_usual(const Work& work) {
  const bool codes = work.stage == Stage::index_encode || work.stage == Stage::index_decode;
  if (work.elements < 2 || work.stage == Stage::combine) return true;
  return codes ? work.entries < work.elements / 2 : work.entries < work.elements;
}

class Model {
 public:
  Model(const OperationEntry& operation, bool small, DeviceProfile device)
      : name_(operation.name), kernels_(operation.kernels), small_(small), device_(std::move(device)) {
    device_.operations.clear();
  }

  Cycles& cycles() { return small_ ? kernels_.cycles.small : kernels_.cycles.usual; }

  DeviceProfile device() const {
    DeviceProfile device = device_;
    device.operations[name_] = {.provenance = "modelled", .source = {}, .table = {}, .spread = {}, .kernels = kernels_};
    return device;
  }

  double seconds(const Point& point) const { return device().seconds({name_, point.work}).value; }

  bool holds(const Point& point) const {
    const Band band = device().band({name_, point.work});
    const double ratio = point.seconds / seconds(point);
    return band.low <= ratio && ratio <= band.high;
  }

 private:
  std::string name_;
  KernelWork kernels_;
  bool small_;
  DeviceProfile device_;
};

double off(const Model& model, const Point& point) {
  return std::abs(std::log(point.seconds / model.seconds(point)));
}

double off(const Model& model, const std::vector<Point>& points) {
  double sum = 0;
  for (const Point& point : points) sum += off(model, point);
  return sum;
}

/// Sets the cycles to what brings the model closest, one kind after another.
void fit(Model& model, const std::vector<Point>& points) {
  const auto has = [&](auto of) { return std::ranges::any_of(points, [&](const Point& p) { return of(p.work) > 1; }); };
  std::vector<double Cycles::*> kinds = {&Cycles::serial};
  if (has([](const Work& work) { return work.elements; })) kinds.push_back(&Cycles::per_element);
  if (has([](const Work& work) { return work.entries; })) kinds.push_back(&Cycles::per_entry);
  if (has([](const Work& work) { return work.parts; })) kinds.push_back(&Cycles::per_element_and_part);
  std::vector<double> tried = {0};
  for (int power = -3; power < 6; ++power) {
    for (const double digits : {1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2})
      tried.push_back(digits * std::pow(10, power));
  }
  model.cycles() = {};
  double least = off(model, points);
  for (int round = 0; round < 6; ++round) {
    for (double Cycles::*kind : kinds) {
      const Cycles before = model.cycles();
      Cycles best = before;
      for (const double value : tried) {
        model.cycles() = before;
        model.cycles().*kind = value;
        const double sum = off(model, points);
        if (sum < least * 0.999) {
          least = sum;
          best = model.cycles();
        }
      }
      model.cycles() = best;
    }
  }
}

/// How a model does at points.
struct Score {
  std::vector<double> off;
  std::size_t held = 0;

  void add(const Model& model, const std::vector<Point>& points) {
    for (const Point& point : points) {
      off.push_back(simrun::off(model, point));
      if (model.holds(point)) ++held;
    }
  }

  void print(const char* what) {
    std::ranges::sort(off);
    std::printf("%s: %zu points, off by a factor of %.2f (median), %.2f (nine of ten); %.0f %% within the interval\n",
                what, off.size(), std::exp(off[off.size() / 2]), std::exp(off[off.size() * 9 / 10]),
                100.0 * static_cast<double>(held) / static_cast<double>(off.size()));
  }
};

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fputs("kernel_model MEASURED.json MODELLED.json [SMALL]\n", stderr);
    return 2;
  }
  const DeviceProfile measured = read_device_profile(argv[1]);
  const DeviceProfile device = read_device_profile(argv[2]);
  Score shipped, between;
  for (OperationEntry operation : measured_operations()) {
    if (argc == 4 && operation.stage == Stage::encode) operation.kernels.small = std::atof(argv[3]);
    const OperationTimes& times = measured.operations.at(operation.name);
    if (times.provenance != "measured") continue;
    for (const bool small : {false, true}) {
      std::vector<Point> points;
      for (std::size_t i = 0; i < times.table.seconds().size(); ++i) {
        const Work work = work_at(operation, times.table.axes(), place_on_grid(times.table.axes(), i));
        if (operation.kernels.is_small(work) == small && is_usual(work))
          points.push_back({work, times.table.seconds()[i]});
      }
      if (points.empty()) continue;
      Model model(operation, small, device);
      shipped.add(model, points);
      std::vector<Point> every_other, rest;
      for (std::size_t i = 0; i < points.size(); ++i) (i % 2 == 0 ? every_other : rest).push_back(points[i]);
      fit(model, every_other);
      between.add(model, rest);
      fit(model, points);
      const Cycles& seen = model.cycles();
      std::printf("%-28s %-6s %8g %8g %8g %8g   %2zu points, off by %.2f\n", operation.name.c_str(),
                  small ? "small" : "", seen.serial, seen.per_element, seen.per_entry, seen.per_element_and_part,
                  points.size(), std::exp(off(model, points) / static_cast<double>(points.size())));
    }
  }
  shipped.print("as shipped");
  between.print("fitted to every other point, at those between");
  return 0;
}

}  // namespace
}  // namespace simrun

int main(int argc, char** argv) {
  return simrun::main(argc, argv);
}
