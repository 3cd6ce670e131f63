#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/payload.hpp"
#include "sim/units.hpp"

namespace simrun {

/// What a device does with payloads.
enum class Stage { encode, combine, decode };

/// One such piece of work.
struct Work {
  Stage stage = Stage::encode;
  PayloadKind kind = PayloadKind::dense32;
  IndexCoding index = IndexCoding::none;
  double elements = 0;        ///< N
  double entries = 0;         ///< K, over all parts together
  double parts = 1;           ///< payloads that go in
  double result_entries = 0;  ///< combine: K of what comes out
};

/// Seconds of one operation, measured on a grid of one or two axes. Between grid points it is interpolated linearly in
/// log-log; below the first it stays, beyond the last it grows in proportion.
struct CostTable {
  struct Axis {
    std::string name;  ///< elements, entries, parts or density (entries / elements)
    std::vector<double> values;
  };
  std::vector<Axis> axes;
  std::vector<double> seconds;  ///< the last axis varies fastest
  std::string provenance;       ///< measured, published or scaled
  std::string source;

  Seconds at(const Work& work) const;
};

/// How long the operations take on one device, and how that is known.
struct DeviceProfile {
  std::int64_t format = 1;
  std::string name;
  std::string device;
  std::string software;
  std::string provenance;  ///< of most operations: measured, published or scaled
  std::string source;
  std::string conditions;                       ///< how it was measured, for people
  std::map<std::string, CostTable> operations;  ///< by name: "encode.pairs", "combine.signs", "index-decode.bitmap"

  /// Zero for fp32 dense payloads, which are sent as they are, and for sums of dense payloads, which are part of the
  /// collective.
  Seconds seconds(const Work& work) const;

 private:
  /// What an index coding other than raw32 adds.
  Seconds index_seconds(const Work& work) const;
};

/// The operations that a profile has, with their axes.
struct OperationEntry {
  std::string_view name;
  std::vector<std::string_view> axes;
};
const std::vector<OperationEntry>& profile_operations();

/// Reads a profile. Throws InputError.
DeviceProfile read_device_profile(const std::string& file);

/// "encode.pairs" and the like.
std::string operation_name(Stage stage, PayloadKind kind);

}  // namespace simrun
