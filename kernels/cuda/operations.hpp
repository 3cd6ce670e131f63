#pragma once

#include <functional>
#include <string_view>

#include "kernels/byte_view.hpp"
#include "kernels/cuda/bitmap.hpp"
#include "kernels/cuda/delta.hpp"
#include "kernels/cuda/device_selection.hpp"
#include "kernels/cuda/device_votes.hpp"
#include "kernels/cuda/elias_fano.hpp"
#include "kernels/cuda/half.hpp"
#include "kernels/cuda/scatter.hpp"
#include "kernels/cuda/signs.hpp"
#include "kernels/layout.hpp"
#include "kernels/operation.hpp"

namespace simrun::cuda {

/// An operation of three functions.
class FunctionOperation final : public Operation {
 public:
  FunctionOperation(std::function<void()> reset, std::function<void()> run, std::function<OperationResult()> result)
      : reset_(std::move(reset)), run_(std::move(run)), result_(std::move(result)) {}

  void reset() override { reset_(); }
  void run() override { run_(); }
  OperationResult result() const override { return result_(); }

 private:
  std::function<void()> reset_;
  std::function<void()> run_;
  std::function<OperationResult()> result_;
};

/// Makes the operations of a profile on a machine, one function each. What they need lives as long as they do.
template <class Machine>
class OperationMaker {
 public:
  explicit OperationMaker(Machine& machine) : machine_(machine) {}

  std::unique_ptr<Operation> make(const OperationCase& work) const {
    for (const Entry& entry : table()) {
      if (entry.stage == work.stage && entry.kind == work.kind) return (this->*entry.make)(work);
    }
    throw std::invalid_argument(std::string("kernels do not know the operation ") + name_of(work.stage) + "." +
                                work.kind);
  }

 private:
  struct Entry {
    Stage stage;
    std::string_view kind;
    std::unique_ptr<Operation> (OperationMaker::*make)(const OperationCase&) const;
  };

  static std::span<const Entry> table() {
    static const Entry entries[] = {
        {Stage::encode, "dense16", &OperationMaker::encode_dense16},
        {Stage::encode, "pairs", &OperationMaker::encode_pairs},
        {Stage::encode, "signs", &OperationMaker::encode_signs},
        {Stage::encode, "sparse-signs", &OperationMaker::encode_sparse_signs},
        {Stage::combine, "pairs", &OperationMaker::combine_pairs},
        {Stage::combine, "signs", &OperationMaker::combine_signs},
        {Stage::combine, "sparse-signs", &OperationMaker::combine_sparse_signs},
        {Stage::decode, "dense16", &OperationMaker::decode_dense16},
        {Stage::decode, "pairs", &OperationMaker::decode_pairs},
        {Stage::decode, "signs", &OperationMaker::decode_signs},
        {Stage::decode, "sparse-signs", &OperationMaker::decode_sparse_signs},
        {Stage::index_encode, "bitmap", &OperationMaker::encode_bitmap},
        {Stage::index_encode, "delta", &OperationMaker::encode_delta},
        {Stage::index_encode, "elias-fano", &OperationMaker::encode_elias_fano},
        {Stage::index_decode, "bitmap", &OperationMaker::decode_bitmap},
        {Stage::index_decode, "delta", &OperationMaker::decode_delta},
        {Stage::index_decode, "elias-fano", &OperationMaker::decode_elias_fano},
    };
    return entries;
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  template <class T>
  std::shared_ptr<Buffer<T>> array(std::size_t size) const {
    return std::make_shared<Buffer<T>>(size);
  }

  template <class T>
  std::shared_ptr<Buffer<T>> array_of(std::span<const T> values) const {
    return std::make_shared<Buffer<T>>(uploaded(machine_, values));
  }

  static std::vector<std::byte> bytes_of(const Payload& payload) {
    return {payload.bytes().begin(), payload.bytes().end()};
  }

  static std::unique_ptr<Operation> operation(
      std::function<void()> run, std::function<OperationResult()> result, std::function<void()> reset = [] {}) {
    return std::make_unique<FunctionOperation>(std::move(reset), std::move(run), std::move(result));
  }

  std::unique_ptr<Operation> encode_dense16(const OperationCase& work) const {
    const auto x = array_of(work.gradient);
    const auto halves = array<std::uint16_t>(work.elements);
    const auto flaws = array<HalfFlaws>(1);
    const auto run = [=, *this, n = work.elements] {
      launch_to_half(machine_, x->data(), halves->data(), n, flaws->data());
    };
    const auto result = [=, *this] {
      const auto values = downloaded(machine_, halves->data(), halves->size());
      const auto bytes = std::as_bytes(std::span(values));
      return OperationResult{.bytes = {bytes.begin(), bytes.end()}};
    };
    return operation(run, result, [=, *this] { machine_.clear(flaws->data(), sizeof(HalfFlaws)); });
  }

  std::shared_ptr<DeviceTopK<Machine>> selection(const OperationCase& work, bool keeps_zeros) const {
    return std::make_shared<DeviceTopK<Machine>>(machine_, work.gradient, work.residual, work.entries, keeps_zeros,
                                                 true);
  }

  std::unique_ptr<Operation> encode_pairs(const OperationCase& work) const {
    const auto selected = selection(work, true);
    const auto result = [=, n = work.elements] {
      const Pairs pairs = selected->pairs();
      return OperationResult{.bytes = bytes_of(make_pairs(IndexCoding::raw32, n, {pairs.indices, pairs.values})),
                             .values = selected->x()};
    };
    return operation([=] { selected->run(); }, result, [=] { selected->reset(); });
  }

  std::unique_ptr<Operation> encode_signs(const OperationCase& work) const {
    const auto x = array_of(work.gradient);
    const auto words = array<std::uint32_t>(sign_words(work.elements));
    const auto non_finite = array<std::uint64_t>(1);
    const auto run = [=, *this, n = work.elements] {
      launch_pack_signs(machine_, x->data(), Entries{n}, words->data(), non_finite->data());
    };
    return operation(
        run, [=, *this, n = work.elements] { return signs_result(n, words->data()); },
        [=, *this] { machine_.clear(non_finite->data(), sizeof(std::uint64_t)); });
  }

  OperationResult signs_result(std::size_t elements, const std::uint32_t* words) const {
    const auto values = downloaded(machine_, words, sign_words(elements));
    const auto payload_words = std::as_bytes(std::span(values));
    std::vector<std::byte> bytes(Payload::header_bytes);
    bytes.insert(bytes.end(), payload_words.begin(), payload_words.end());
    return {.bytes = bytes_of(Payload::make(full_header(PayloadKind::signs, elements), std::move(bytes)))};
  }

  std::unique_ptr<Operation> encode_sparse_signs(const OperationCase& work) const {
    const auto selected = selection(work, false);
    const auto words = array<std::uint32_t>(sign_words(work.entries));
    const auto run = [=, *this, k = work.entries] {
      selected->run();
      launch_pack_signs(machine_, selected->values(), Entries{k, selected->selected()}, words->data(), nullptr);
    };
    const auto result = [=, *this, n = work.elements] {
      const Pairs pairs = selected->pairs();
      const auto signs = downloaded(machine_, words->data(), sign_words(pairs.indices.size()));
      const auto bytes = std::as_bytes(std::span(signs)).first((pairs.indices.size() + 7) / 8);
      return OperationResult{.bytes = bytes_of(make_sparse_signs(IndexCoding::raw32, n, {pairs.indices, bytes})),
                             .values = selected->x()};
    };
    return operation(run, result, [=] { selected->reset(); });
  }

  std::unique_ptr<Operation> combine_pairs(const OperationCase& work) const {
    const Pairs a = read_pairs(work.payloads.at(0));
    const Pairs b = read_pairs(work.payloads.at(1));
    const auto merge = std::make_shared<DeviceMerge<Machine>>(machine_, PairsView{a.indices, a.values},
                                                              PairsView{b.indices, b.values}, a.indices.size());
    return operation(
        [=] { merge->run(); },
        [=, n = work.elements] {
          const Pairs sum = merge->pairs();
          return OperationResult{.bytes = bytes_of(make_pairs(IndexCoding::raw32, n, {sum.indices, sum.values}))};
        });
  }

  std::unique_ptr<Operation> combine_signs(const OperationCase& work) const {
    std::vector<std::span<const std::uint32_t>> planes;
    for (const Payload& payload : work.payloads) planes.push_back(view_as<std::uint32_t>(payload.body()));
    const auto vote = std::make_shared<DeviceVote<Machine>>(machine_, planes);
    return operation([=] { vote->run(); }, [=, *this, n = work.elements] { return signs_result(n, vote->result()); });
  }

  std::unique_ptr<Operation> combine_sparse_signs(const OperationCase& work) const {
    std::vector<SparseSigns> votes;
    std::vector<SparseSignsView> views;
    for (const Payload& payload : work.payloads) votes.push_back(read_sparse_signs(payload));
    for (const SparseSigns& each : votes) views.push_back({each.indices, each.signs});
    const auto vote = std::make_shared<DeviceSparseVote<Machine>>(machine_, views, work.elements);
    return operation([=] { vote->run(); },
                     [=, n = work.elements] {
                       const SparseSigns signs = vote->signs();
                       return OperationResult{
                           .bytes = bytes_of(make_sparse_signs(IndexCoding::raw32, n, {signs.indices, signs.signs}))};
                     });
  }

  /// launch(sums) adds to an array of zeros.
  template <class Launch>
  std::unique_ptr<Operation> decode(const OperationCase& work, const Launch& launch) const {
    const auto sums = array<float>(work.elements);
    const auto clear = [=, *this] { machine_.clear(sums->data(), sums->size() * sizeof(float)); };
    return operation([=] { launch(sums->data()); },
                     [=, *this] { return OperationResult{.values = downloaded(machine_, sums->data(), sums->size())}; },
                     clear);
  }

  std::unique_ptr<Operation> decode_dense16(const OperationCase& work) const {
    const auto halves = array_of(view_as<std::uint16_t>(work.payloads.at(0).bytes()));
    return decode(work,
                  [=, *this](float* sums) { launch_add_half(machine_, halves->data(), 1.0F, sums, halves->size()); });
  }

  std::unique_ptr<Operation> decode_pairs(const OperationCase& work) const {
    const Pairs pairs = read_pairs(work.payloads.at(0));
    const auto indices = array_of(std::span<const std::uint32_t>(pairs.indices));
    const auto values = array_of(std::span<const float>(pairs.values));
    return decode(work, [=, *this](float* sums) {
      launch_scatter_add(machine_, indices->data(), values->data(), Entries{indices->size()}, 1.0F, sums);
    });
  }

  std::unique_ptr<Operation> decode_signs(const OperationCase& work) const {
    const auto words = array_of(view_as<std::uint32_t>(work.payloads.at(0).body()));
    return decode(work, [=, *this, n = work.elements](float* sums) {
      launch_add_signs(machine_, words->data(), 1.0F, -1.0F, sums, n);
    });
  }

  std::unique_ptr<Operation> decode_sparse_signs(const OperationCase& work) const {
    const SparseSigns votes = read_sparse_signs(work.payloads.at(0));
    const auto indices = array_of(std::span<const std::uint32_t>(votes.indices));
    const auto signs = array_of(view_as<std::uint8_t>(std::span<const std::byte>(votes.signs)));
    return decode(work, [=, *this](float* sums) {
      launch_scatter_add(machine_, indices->data(), signs->data(), Entries{indices->size()}, 1.0F, sums);
    });
  }

  /// The first `count` words of an array, as bytes.
  OperationResult coded_result(const std::uint32_t* words, std::size_t count) const {
    const auto values = downloaded(machine_, words, count);
    const auto bytes = std::as_bytes(std::span(values));
    return {.bytes = {bytes.begin(), bytes.end()}};
  }

  std::unique_ptr<Operation> encode_bitmap(const OperationCase& work) const {
    const auto indices = array_of(std::span<const std::uint32_t>(work.indices));
    const auto words = array<std::uint32_t>(sign_words(work.elements));
    const auto run = [=, *this, n = work.elements] {
      launch_bitmap_encode(machine_, indices->data(), Entries{indices->size()}, n, words->data());
    };
    return operation(run, [=, *this] { return coded_result(words->data(), words->size()); });
  }

  std::unique_ptr<Operation> encode_delta(const OperationCase& work) const {
    const auto indices = array_of(std::span<const std::uint32_t>(work.indices));
    const auto words = array<std::uint32_t>(most_delta_words(work.entries));
    const auto size = array<std::uint64_t>(1);
    const auto memory = workspace(DeltaWorkspace::carve);
    const auto run = [=, *this] {
      launch_delta_encode(machine_, indices->data(), Entries{indices->size()}, memory->layout(), words->data(),
                          size->data());
    };
    return operation(run,
                     [=, *this] { return coded_result(words->data(), downloaded(machine_, size->data(), 1).front()); });
  }

  std::unique_ptr<Operation> encode_elias_fano(const OperationCase& work) const {
    const auto indices = array_of(std::span<const std::uint32_t>(work.indices));
    const EliasFanoShape shape = EliasFanoShape::of(work.elements, work.entries);
    const auto words = array<std::uint32_t>(shape.words());
    const auto size = array<std::uint64_t>(1);
    const auto run = [=, *this, n = work.elements] {
      launch_elias_fano_encode(machine_, indices->data(), Entries{indices->size()}, n, words->data(), size->data());
    };
    return operation(run,
                     [=, *this] { return coded_result(words->data(), downloaded(machine_, size->data(), 1).front()); });
  }

  template <class LayOut>
  std::shared_ptr<WorkspaceOf<Machine, LayOut>> workspace(const LayOut& lay_out) const {
    return std::make_shared<WorkspaceOf<Machine, LayOut>>(lay_out);
  }

  /// launch(words, indices) decodes.
  template <class Launch>
  std::unique_ptr<Operation> decode_indices(const OperationCase& work, const Launch& launch) const {
    const auto words = array_of(view_as<std::uint32_t>(std::span<const std::byte>(work.coded)));
    const auto indices = array<std::uint32_t>(work.entries);
    return operation(
        [=] { launch(words->data(), indices->data()); },
        [=, *this] { return OperationResult{.indices = downloaded(machine_, indices->data(), indices->size())}; });
  }

  std::unique_ptr<Operation> decode_bitmap(const OperationCase& work) const {
    const auto memory = workspace(BitmapWorkspace::carve);
    return decode_indices(work, [=, *this, n = work.elements](const std::uint32_t* words, std::uint32_t* indices) {
      launch_bitmap_decode(machine_, words, n, memory->layout(), indices);
    });
  }

  std::unique_ptr<Operation> decode_delta(const OperationCase& work) const {
    const auto memory = workspace(DeltaWorkspace::carve);
    return decode_indices(work, [=, *this, k = work.entries](const std::uint32_t* words, std::uint32_t* indices) {
      launch_delta_decode(machine_, words, k, memory->layout(), indices);
    });
  }

  std::unique_ptr<Operation> decode_elias_fano(const OperationCase& work) const {
    const auto memory = workspace(EliasFanoWorkspace::carve);
    return decode_indices(
        work, [=, *this, n = work.elements, k = work.entries](const std::uint32_t* words, std::uint32_t* indices) {
          launch_elias_fano_decode(machine_, words, n, k, memory->layout(), indices);
        });
  }

  Machine& machine_;
};

/// The operation on a machine, which must outlive it. Throws std::invalid_argument for an operation that is not known.
template <class Machine>
std::unique_ptr<Operation> make_operation(Machine& machine, const OperationCase& work) {
  return OperationMaker<Machine>(machine).make(work);
}

}  // namespace simrun::cuda
