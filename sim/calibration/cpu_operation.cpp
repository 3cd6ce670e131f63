#include "sim/calibration/cpu_operation.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "kernels/error_feedback.hpp"
#include "kernels/find_entry.hpp"
#include "kernels/layout.hpp"
#include "sim/calibration/codec_case.hpp"

namespace simrun {
namespace {

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

/// What a worker does with its gradient in a round of training.
class Encode final : public Operation {
 public:
  Encode(const OperationCase& work, unsigned threads)
      : work_(work),
        primitives_(make_cpu_primitives(threads)),
        codec_(codec_of_kind(work.kind).make(primitives_)),
        place_(place_of_codec(*codec_of_kind(work.kind).codec)),
        context_(work.context()) {
    if (!work.residual.empty()) feedback_.emplace(work.elements, primitives_);
  }

  void reset() override {
    payload_ = {};
    if (feedback_) feedback_->restore(work_.residual);
    velocity_.assign(work_.velocity.begin(), work_.velocity.end());
  }

  void run() override {
    const std::span<const float> values = corrected();
    // What only the leader sends is its layout's operation.
    if (codec_->combining() != Combining::lead) payload_ = codec_->encode(values, work_.entries, context_);
    if (place_.settles()) feedback_->settle(*codec_, payload_, context_);
    if (place_.masks()) codec_->zero_sent(payload_, velocity_, context_);
  }

  OperationResult result() const override {
    OperationResult result{.bytes = copy_of(payload_.bytes()), .values = {}, .indices = {}};
    if (feedback_) result.values.assign(feedback_->residual().begin(), feedback_->residual().end());
    result.values.insert(result.values.end(), velocity_.begin(), velocity_.end());
    return result;
  }

 private:
  std::span<const float> corrected() {
    if (!place_.is_first()) return feedback_->residual();
    std::span<const float> values = work_.gradient;
    if (!velocity_.empty()) {
      primitives_->accumulate(values, work_.momentum, velocity_);
      values = velocity_;
    }
    return feedback_ ? feedback_->correct(values) : values;
  }

  const OperationCase& work_;
  std::shared_ptr<const Primitives> primitives_;
  std::unique_ptr<const Codec> codec_;
  CodecPlace place_;
  RoundContext context_;
  std::optional<ErrorFeedback> feedback_;
  std::vector<float> velocity_;
  Payload payload_;
};

class Combine final : public Operation {
 public:
  Combine(const OperationCase& work, unsigned threads)
      : work_(work), aggregator_(codec_of_kind(work.kind).make(make_cpu_primitives(threads))->aggregator()) {}

  void reset() override { payload_ = {}; }
  void run() override { payload_ = aggregator_->combine(work_.payloads); }
  OperationResult result() const override { return {.bytes = copy_of(payload_.bytes()), .values = {}, .indices = {}}; }

 private:
  const OperationCase& work_;
  std::unique_ptr<const Aggregator> aggregator_;
  Payload payload_;
};

class Decode final : public Operation {
 public:
  Decode(const OperationCase& work, unsigned threads)
      : work_(work), codec_(codec_of_kind(work.kind).make(make_cpu_primitives(threads))), sum_(work.elements) {}

  void reset() override { std::fill(sum_.begin(), sum_.end(), 0.0F); }
  void run() override { codec_->decode(work_.payloads.front(), 1.0F, sum_, work_.context()); }
  OperationResult result() const override { return {.bytes = {}, .values = sum_, .indices = {}}; }

 private:
  const OperationCase& work_;
  std::unique_ptr<const Codec> codec_;
  std::vector<float> sum_;
};

class IndexEncode final : public Operation {
 public:
  explicit IndexEncode(const OperationCase& work) : work_(work), coding_(find_index_coding(work.kind)) {}

  void reset() override { coded_ = {}; }
  void run() override { coding_.encode(work_.indices, work_.elements, coded_); }
  OperationResult result() const override { return {.bytes = coded_, .values = {}, .indices = {}}; }

 private:
  const OperationCase& work_;
  const IndexCodingEntry& coding_;
  std::vector<std::byte> coded_;
};

class IndexDecode final : public Operation {
 public:
  explicit IndexDecode(const OperationCase& work) : work_(work), coding_(find_index_coding(work.kind)) {}

  void reset() override { indices_ = {}; }
  void run() override {
    std::size_t used = 0;
    indices_ = coding_.decode(work_.coded, work_.elements, work_.entries, used);
  }
  OperationResult result() const override { return {.bytes = {}, .values = {}, .indices = indices_}; }

 private:
  const OperationCase& work_;
  const IndexCodingEntry& coding_;
  std::vector<std::uint32_t> indices_;
};

}  // namespace

std::unique_ptr<Operation> make_cpu_operation(const OperationCase& work, unsigned threads) {
  switch (work.stage) {
    case Stage::encode:
      return std::make_unique<Encode>(work, threads);
    case Stage::combine:
      return std::make_unique<Combine>(work, threads);
    case Stage::decode:
      return std::make_unique<Decode>(work, threads);
    case Stage::index_encode:
      return std::make_unique<IndexEncode>(work);
    case Stage::index_decode:
      return std::make_unique<IndexDecode>(work);
  }
  throw std::invalid_argument("no such stage");
}

KindCodec codec_of_kind(const std::string& kind) {
  KindCodec found{find_codec(kind), {}};
  if (found.codec != nullptr) return found;
  for (const CodecEntry& entry : codecs()) {
    for (const Precision precision : {Precision::fp32, Precision::fp16}) {
      const CodecOptions options{.precision = precision};
      const auto codec = entry.make(options, nullptr);
      if (layout_of(codec->kind()).name != kind) continue;
      if (codec->aggregator() != nullptr) return {&entry, options};
      if (found.codec == nullptr) found = {&entry, options};
    }
  }
  return found;
}

const IndexCodingEntry& find_index_coding(const std::string& name) {
  return *find_entry(index_codings(), name);
}

}  // namespace simrun
