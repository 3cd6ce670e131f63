#pragma once

#include <string>
#include <vector>

#include "kernels/payload.hpp"

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

/// The fewest bytes that an operation must read from memory and write to it: each input read once, each output written
/// once, nothing kept in between.
struct FewestBytes {
  double per_element = 0;
  double per_entry = 0;
  double per_element_and_part = 0;

  double of(const Work& work) const {
    return work.elements * (per_element + per_element_and_part * work.parts) + work.entries * per_entry;
  }
};

/// An operation whose times a profile has.
struct OperationEntry {
  std::string name;               ///< "encode.pairs", "combine.signs", "index-decode.bitmap"
  std::vector<std::string> axes;  ///< what its time depends on: elements, entries, parts, density (entries / elements)
  FewestBytes bytes;
  std::string includes;  ///< what is timed
};

/// Every operation, in the order in which profiles list them.
const std::vector<OperationEntry>& profile_operations();

/// The entry called `name`, which is one of them.
const OperationEntry& operation_entry(const std::string& name);

/// An operation that a piece of work takes, done a number of times.
struct Step {
  std::string operation;
  Work work;  ///< of one time
  double times = 1;
};

/// The operations that `work` consists of. None for fp32 dense payloads, which are sent as they are, and for sums of
/// dense payloads, which are part of the collective.
std::vector<Step> steps_of(const Work& work);

/// Where `work` lies on an axis.
double value_on(const std::string& axis, const Work& work);

}  // namespace simrun
