#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/operation.hpp"
#include "kernels/payload.hpp"
#include "sim/devices/cost_table.hpp"

namespace simrun {

/// A piece of work on payloads.
struct Work {
  Stage stage = Stage::encode;  ///< encode, combine or decode: index codings follow from `index`
  PayloadKind kind = PayloadKind::dense32;
  IndexCoding index = IndexCoding::none;
  double elements = 0;        ///< N
  double entries = 0;         ///< K, over all parts together
  double parts = 1;           ///< payloads that go in
  double result_entries = 0;  ///< combine: K of what comes out

  /// Encode and decode: whose work it is, where a codec's is not its layout's. `index`: of the indices that it reads.
  std::string_view codec = {};
  bool leads = true;  ///< encode: this rank's payload is the one that counts
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

/// "encode.pairs", "index-decode.bitmap".
std::string operation_name(Stage stage, const std::string& kind);

/// An operation whose times a profile has.
struct OperationEntry {
  Stage stage;
  std::string kind;        ///< of the payload, or the index coding: "pairs", "bitmap"
  std::vector<Axis> axes;  ///< what its time depends on
  FewestBytes bytes;
  std::string includes;  ///< what is timed
  std::string name = operation_name(stage, kind);
};

/// Every operation, in the order in which profiles list them.
const std::vector<OperationEntry>& profile_operations();

/// Encoding and decoding of a codec as a whole, by elements: "encode.two-means". Profiles may have their times, of an
/// implementation that does not consist of the operations above; where they do, these stand in place of all steps.
const std::vector<OperationEntry>& codec_operations();

/// The entry called `name`, which is one of either.
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

/// Where `work` lies on a table's axes.
std::vector<double> place_of(const Work& work, const CostTable& table);

}  // namespace simrun
