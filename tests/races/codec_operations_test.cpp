// Codecs' own operations on ThreadedMachine, against the codec on the CPU back end. Sizes as in kernels_test.cpp.

#include <catch2/catch.hpp>

#include "kernels/byte_view.hpp"
#include "kernels/cuda/operations.hpp"
#include "kernels/error_feedback.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/races/gradient_of.hpp"
#include "tests/races/threaded_machine.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

std::shared_ptr<const Primitives> on_one_thread() {
  return make_cpu_primitives(1);
}

OperationResult run_on_threads(const OperationCase& work) {
  ThreadedMachine machine;
  const auto operation = make_operation(machine, work);
  operation->reset();
  operation->run();
  return operation->result();
}

/// Encodes gradient and residual, of some elements, with a codec that has one round.
void check_encoding_of(Precision precision, const char* name, std::size_t elements, bool feeds_back, float momentum) {
  INFO(name << ", " << name_of(precision));
  std::vector<float> gradient = normal_values(elements, 1);
  round_to(precision, gradient);
  std::vector<float> velocity = normal_values(momentum > 0 ? elements : 0, 2);
  const std::vector<float> residual = normal_values(feeds_back ? elements : 0, 3);
  OperationCase work;
  work.stage = Stage::encode;
  work.kind = name;
  work.elements = elements;
  work.entries = elements / 100;
  work.gradient = gradient;
  work.precision = precision;
  work.residual = residual;
  const std::vector<float> velocity_before = velocity;
  work.velocity = velocity_before;
  work.momentum = momentum;
  const auto codec = find_codec(name)->make({}, on_one_thread());
  ErrorFeedback feedback(residual.size(), on_one_thread());
  if (feeds_back) feedback.restore(residual);
  std::span<const float> values = gradient;
  if (momentum > 0) {
    on_one_thread()->accumulate(gradient, momentum, velocity);
    values = velocity;
  }
  const Payload payload = codec->encode(feeds_back ? feedback.correct(values) : values, work.entries, {});
  if (feeds_back) feedback.settle(*codec, payload, {});
  if (feeds_back && momentum > 0) codec->settle(payload, velocity, {});
  std::vector<float> left(feedback.residual().begin(), feedback.residual().end());
  left.insert(left.end(), velocity.begin(), velocity.end());
  const OperationResult result = run_on_threads(work);
  CHECK(result.bytes == bytes_of(payload));
  CHECK(result.values == left);
}

void check_encoding(const char* name, std::size_t elements, bool feeds_back, float momentum = 0) {
  for (const Precision precision : {Precision::fp32, Precision::fp16, Precision::bf16})
    check_encoding_of(precision, name, elements, feeds_back, momentum);
}

/// That two norms differ by no more than rounding.
void check_near(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  const auto squares = [](std::span<const float> x) { return on_one_thread()->sum(Term::square, x); };
  std::vector<float> difference(a.begin(), a.end());
  for (std::size_t i = 0; i < b.size(); ++i) difference[i] -= b[i];
  CHECK(squares(difference) <= 1e-8 * squares(a));
}

}  // namespace

TEST_CASE("encoding with scales, with a momentum and with norms, without races") {
  check_encoding("scaled-signs", 5000, true);
  check_encoding("two-means", 5000, true);
  check_encoding("momentum-signs", 9000, false, 0.9F);
  check_encoding("random-entries", 9000, true);
  check_encoding("random-block", 9000, true);
  check_encoding("qsgd", 9000, false);
  check_encoding("terngrad", 9000, false);
  check_encoding("exponents", 9000, false);
  check_encoding("gathered-signs", 9000, false);
}

TEST_CASE("scales of sums of sums without races") {
  // So many runs of 1024 that their sums are more than one run.
  check_encoding("terngrad", 1024 * 1024 + 2000, false);
}

TEMPLATE_TEST_CASE("factors without races: in several slices, of more vectors than are taken at once", "", float, Half,
                   BFloat16) {
  const LowRank shape{.rows = 150, .columns = 40, .rank = 5};
  const GradientOf<TestType> gradient(normal_values(shape.rows * shape.columns, 1));
  std::vector<float> residual = normal_values(gradient.values.size(), 2);
  std::vector<float> expected = residual;
  const std::vector<float> q = normal_values(shape.rank * shape.columns, 3);
  std::vector<float> p(shape.rank * shape.rows);
  std::vector<float> product(p.size());
  std::vector<float> transposed(q.size());
  std::vector<float> other(q.size());
  std::vector<float> partial(RowSlices::of(shape).partial_sums(shape));
  const auto cpu = on_one_thread();
  ThreadedMachine machine;
  launch_multiply(machine, shape, CorrectedElements<TestType>{gradient.elements.data(), residual.data()}, q.data(),
                  p.data());
  launch_multiply_transposed(machine, shape, residual.data(), p.data(), partial.data(), transposed.data());
  cpu->accumulate(gradient.values, 1, expected);
  CHECK(residual == expected);
  cpu->multiply(shape, expected, q, product);
  cpu->multiply_transposed(shape, expected, product, other);
  check_near(product, p);
  check_near(other, transposed);
}

TEST_CASE("factors of an edge without races: encoded and decoded, and a matrix that is sent as it is") {
  const auto codec = find_codec("edge-factors")->make({}, on_one_thread());
  for (const TensorShape& shape : {TensorShape{150, 40}, TensorShape{5, 4}}) {
    OperationCase work;
    work.stage = Stage::encode;
    work.kind = "edge-factors";
    work.tensors = {shape};
    work.elements = work.entries = shape[0] * shape[1];
    const std::vector<float> model = normal_values(work.elements, 1);
    work.gradient = model;
    const Payload::Header header = codec->shape_in_step(1, work.elements, work.entries, work.tensors).value();
    const std::vector<float> known = normal_values(header.entries, 2);
    const auto bytes = std::as_bytes(std::span(known));
    work.last_step = Payload::make(header, {bytes.begin(), bytes.end()});
    const Payload sent = codec->encode(model, 0, work.context());
    const OperationResult encoded = run_on_threads(work);
    check_near(view_as<float>(sent.bytes()), view_as<float>(std::span(encoded.bytes)));
    work.stage = Stage::decode;
    work.payloads = {sent};
    std::vector<float> expected(work.elements);
    codec->decode(sent, 1, expected, work.context());
    check_near(expected, run_on_threads(work).values);
  }
}

TEST_CASE("sketched pairs without races: selecting few and many, and peeling what fills a sketch") {
  check_encoding("sketched-pairs", 9000, true);
  check_encoding("sketched-pairs", 40'000, true);
  const auto codec = find_codec("sketched-pairs")->make({}, on_one_thread());
  for (const unsigned workers : {1U, 8U, 11U}) {
    std::vector<Payload> payloads;
    for (unsigned worker = 0; worker < workers; ++worker)
      payloads.push_back(codec->encode(normal_values(9000, worker), 150, {}));
    OperationCase work;
    work.stage = Stage::decode;
    work.kind = "sketched-pairs";
    work.elements = 9000;
    work.payloads = {codec->aggregator()->combine(payloads)};
    std::vector<float> expected(work.elements);
    codec->decode(work.payloads.front(), 1, expected, {});
    CHECK(run_on_threads(work).values == expected);
  }
}

TEST_CASE("scales that all workers have alike, and levels of them, without races") {
  const std::vector<float> gradient = normal_values(9000, 1);
  const std::vector<float> residual = normal_values(9000, 2);
  const auto maxima = find_codec("block-maxima")->make({}, on_one_thread());
  const auto codec = find_codec("levels-at-scales")->make({}, on_one_thread());
  std::vector<float> corrected = residual;
  on_one_thread()->accumulate(gradient, 1, corrected);
  OperationCase work;
  work.stage = Stage::encode;
  work.kind = "block-maxima";
  work.elements = work.entries = 9000;
  work.gradient = gradient;
  work.residual = residual;
  const Payload scales = maxima->encode(corrected, 0, {});
  const OperationResult first = run_on_threads(work);
  CHECK(first.bytes == bytes_of(scales));
  CHECK(first.values == corrected);
  work.kind = "levels-at-scales";
  work.previous = {scales};
  work.gradient = {};
  work.residual = corrected;
  const Payload sent = codec->encode(corrected, 0, work.context());
  const OperationResult second = run_on_threads(work);
  std::vector<float> left = corrected;
  codec->settle(sent, left, work.context());
  CHECK(second.bytes == bytes_of(sent));
  CHECK(second.values == left);
  work.stage = Stage::decode;
  work.payloads = {sent};
  std::vector<float> expected(9000);
  codec->decode(sent, 1, expected, work.context());
  CHECK(run_on_threads(work).values == expected);
}

// Last, as a block of many threads makes all that comes after it slow.
TEST_CASE("a sampled threshold, a fitted one, and selecting by one block, without races") {
  check_encoding("sampled-pairs", 5000, true, 0.9F);
  check_encoding("fitted-pairs", 5000, true);
  check_encoding("sparse-signs", 5000, true);
}
