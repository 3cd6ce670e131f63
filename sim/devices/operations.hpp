#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/operation.hpp"
#include "kernels/payload.hpp"
#include "kernels/precision.hpp"
#include "sim/devices/cost_table.hpp"

namespace simrun {

/// A piece of work on payloads.
struct Work {
  Stage stage = Stage::encode;  ///< encode, combine or decode: index codings follow from `index`
  PayloadKind kind = PayloadKind::dense32;
  IndexCoding index = IndexCoding::none;
  ValueCoding values = ValueCoding::fp32;  ///< of kept entries
  double elements = 0;                     ///< N
  double entries = 0;                      ///< K, over all parts together
  double parts = 1;                        ///< payloads that go in; encode: that come out, one for each neighbour
  double result_entries = 0;               ///< combine: K of what comes out
  /// Combine: of the payloads that go in, where a sum is of another kind.
  std::optional<PayloadKind> summed = {};

  /// Encode and decode: whose work it is, where a codec's is not its layout's. `index`: of the indices that it reads.
  /// Combine: by whom payloads are decoded and their sum is encoded, if that is how they are added up.
  std::string_view codec = {};
  bool leads = true;  ///< encode: this rank's payload is the one that counts

  Precision gradient = Precision::fp32;  ///< encode: of what is read

  /// Bytes that reading the gradient once takes less than with fp32.
  double saved_a_read() const { return elements * (bytes_of(Precision::fp32) - bytes_of(gradient)); }
};

/// Bytes that an operation reads from memory and writes to it.
struct MovedBytes {
  double per_element = 0;
  double per_entry = 0;
  double per_element_and_part = 0;

  double of(const Work& work) const {
    return work.elements * (per_element + per_element_and_part * work.parts) + work.entries * per_entry;
  }
};

/// What a GPU of NVIDIA has to compute with.
struct Multiprocessors {
  double count;
  double clock;  ///< cycles a second
};

/// Clock cycles that an operation takes where neither launches nor bytes decide.
struct Cycles {
  double serial = 0;  ///< one after another, whatever the size
  /// Of one multiprocessor; all that a GPU has share them.
  double per_element = 0;
  double per_entry = 0;
  double per_element_and_part = 0;

  double shared(const Work& work) const {
    return work.elements * (per_element + per_element_and_part * work.parts) + work.entries * per_entry;
  }
};

/// Cycles of an operation, seen on one GPU.
struct OperationCycles {
  Cycles usual = {};
  Cycles small = {};  ///< by one block, that is one multiprocessor
};

/// What simrun's kernels do on a GPU for an operation.
struct KernelWork {
  /// Kernels, clearings of memory, and waits of all blocks of a kernel for each other, one after another; in decoding,
  /// of each payload.
  double launches = 0;
  MovedBytes bytes = {};  ///< where they access single entries, sectors of 32 bytes
  /// Where one block selects from all: of tensors of at most `small` elements, merges of at most as many entries.
  std::optional<double> launches_if_small = {};
  double gradient_reads = 1;  ///< encode: how often kernels read all of the gradient

  double small = 8192;
  OperationCycles cycles = {};

  bool is_small(const Work& work) const;

  /// Of decoding those of all payloads; so with serial_cycles_of().
  double launches_of(const Work& work) const;
  double serial_cycles_of(const Work& work) const;
  double shared_cycles_of(const Work& work) const {
    return (is_small(work) ? cycles.small : cycles.usual).shared(work);
  }

  /// `bytes` are those with an fp32 gradient.
  double bytes_of(const Work& work) const { return bytes.of(work) - gradient_reads * work.saved_a_read(); }
};

/// "encode.pairs", "index-decode.bitmap".
std::string operation_name(Stage stage, const std::string& kind);

/// An operation whose times a profile has.
struct OperationEntry {
  Stage stage;
  std::string kind;         ///< of the payload, or the index coding: "pairs", "bitmap"
  std::vector<Axis> axes;   ///< what its time depends on
  MovedBytes bytes;         ///< the fewest: each input read once, each output written once, nothing kept in between
  std::string includes;     ///< what is timed
  KernelWork kernels = {};  ///< no launches: they have no such operation
  std::string name = operation_name(stage, kind);
};

/// Every operation, in the order in which profiles list them.
const std::vector<OperationEntry>& profile_operations();

/// What simrun's kernels for that operation took on an H200 where it was measured: bench/kernel_model.cpp finds it.
OperationCycles seen_cycles(std::string_view operation);

/// Encoding and decoding of a codec as a whole, where that is not what its layout's operations do: "encode.two-means",
/// error feedback and momentum included. And those that only profiles of other programs have, which do not consist of
/// the operations above: "encode.top-k". Where a profile has one it stands in place of the layout's.
const std::vector<OperationEntry>& codec_operations();

/// What `simrun calibrate` measures, in this order: the former, then the latter as far as simrun's kernels do them.
const std::vector<OperationEntry>& measured_operations();

/// True for one of codec_operations().
bool is_of_codec(const OperationEntry& operation);

/// The entry called `name`, which is one of either.
const OperationEntry& operation_entry(const std::string& name);

/// An operation that a piece of work takes, done a number of times.
struct Step {
  std::string operation;
  Work work;  ///< of one time
  double times = 1;
};

/// The operations of its layout that `work` consists of. None for fp32 dense payloads, which are sent as they are, and
/// for sums of dense payloads, of whole numbers and of sketches, which are part of the collective. Sums of levels are
/// decoded, and encoded again, or rounded to what they are written in.
std::vector<Step> steps_of(const Work& work);

/// Those that coding of indices and of values adds; raw32 and fp32 add nothing. Values take what as many fp16 values
/// do, whatever they are written as.
std::vector<Step> coding_steps_of(const Work& work);

/// Where `work` lies on a table's axes.
std::vector<double> place_of(const Work& work, const CostTable& table);

}  // namespace simrun
