// PowerGossip's codec, on its own: tests/sim/training/gossip_training_test.cpp has it among workers.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/low_rank.hpp"
#include "tests/kernels/samples.hpp"

namespace simrun {
namespace {

/// The ends of an edge, which step by step send what their matrices are.
class OneEdge {
 public:
  OneEdge(std::vector<TensorShape> tensors, int rank)
      : tensors_(std::move(tensors)),
        codec_(find_codec("edge-factors")->make({.rank = rank}, make_cpu_primitives(1))) {}

  /// The approximation of a - b that both find.
  std::vector<float> step(std::span<const float> a, std::span<const float> b) {
    const RoundContext context{
        .shared_seed = 7 + number_, .tensors = tensors_, .last_step = number_ > 0 ? &last_ : nullptr, .step = number_};
    const Payload mine = codec_->encode(a, a.size(), context);
    CHECK(mine.header() == codec_->shape_in_step(number_, a.size(), a.size(), tensors_));
    bytes_ = mine.size();
    const Payload difference = difference_of(mine, codec_->encode(b, b.size(), context));
    std::vector<float> found(a.size());
    codec_->decode(difference, 1, found, context);
    last_ = difference;
    ++number_;
    return found;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  std::vector<TensorShape> tensors_;
  std::unique_ptr<const Codec> codec_;
  Payload last_;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
};

double size_of_difference(std::span<const float> a, std::span<const float> b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - double{b[i]}, 2);
  return std::sqrt(squares);
}

}  // namespace

TEST_CASE("edge factors: 4 r a bytes and 4 r b in turns, and what does not gain is sent as it is") {
  // 64 x 3 x 3 x 3 is 64 x 27; the bias is a vector; 4 x 2 is no less than 2 (4 + 2) / 2 of rank 2.
  const std::vector<TensorShape> tensors = {{64, 3, 3, 3}, {64}, {4, 2}};
  const std::vector<float> a = normal_values(1728 + 64 + 8, 1);
  const std::vector<float> b = normal_values(1728 + 64 + 8, 2);
  OneEdge edge(tensors, 2);
  for (int step = 0; step < 4; ++step) {
    const std::vector<float> found = edge.step(a, b);
    CHECK(edge.bytes() == 4 * (2 * (step % 2 == 0 ? 64 : 27) + 64 + 8));
    for (std::size_t i = 1728; i < a.size(); ++i) CHECK(found[i] == a[i] - b[i]);
  }
}

TEST_CASE("edge factors: on a difference that stays, rank 1 comes to its largest singular vectors") {
  // D = 10 u1 v1^T + 2 u2 v2^T with u1, u2 and v1, v2 orthonormal: what is left of the best of rank 1 is 2.
  constexpr std::uint64_t rows = 40;
  constexpr std::uint64_t columns = 70;
  std::vector<float> u = normal_values(2 * rows, 1);
  std::vector<float> v = normal_values(2 * columns, 2);
  make_cpu_primitives(1)->orthonormalise(u, rows);
  make_cpu_primitives(1)->orthonormalise(v, columns);
  std::vector<float> d(rows * columns);
  for (std::uint64_t i = 0; i < rows; ++i) {
    for (std::uint64_t j = 0; j < columns; ++j)
      d[i * columns + j] = 10 * u[i] * v[j] + 2 * u[rows + i] * v[columns + j];
  }
  const std::vector<float> zeros(d.size());
  OneEdge edge({{rows, columns}}, 1);
  const double first = size_of_difference(d, edge.step(d, zeros));
  CHECK(first > 2.1);
  for (int step = 0; step < 9; ++step) edge.step(d, zeros);
  CHECK(size_of_difference(d, edge.step(d, zeros)) == Approx(2).epsilon(1e-3));
  // A step without any difference does not end the next ones.
  edge.step(zeros, zeros);
  for (int step = 0; step < 10; ++step) edge.step(d, zeros);
  CHECK(size_of_difference(d, edge.step(d, zeros)) == Approx(2).epsilon(1e-3));
}

TEST_CASE("edge factors: what does not fit or is not finite is refused") {
  const auto codec = find_codec("edge-factors")->make({.rank = 1}, make_cpu_primitives(1));
  const std::vector<TensorShape> tensors = {{20, 30}};
  std::vector<float> model = normal_values(600);
  const Payload sent = codec->encode(model, 600, {.tensors = tensors});
  CHECK_THROWS_AS(codec->decode(sent, 1, model, {.tensors = tensors, .step = 1}), PayloadError);
  CHECK_THROWS_AS(codec->decode(sent.without_contents(), 1, model, {.tensors = tensors}), PayloadError);
  CHECK_THROWS_AS(codec->encode(model, 600, {.tensors = tensors, .last_step = &sent}), PayloadError);
  CHECK_THROWS_AS(difference_of(sent, codec->encode(model, 600, {.tensors = tensors, .step = 1})), PayloadError);
  model[77] = std::nanf("");
  CHECK_THROWS_AS(codec->encode(model, 600, {.tensors = tensors}), NonFiniteError);
}

}  // namespace simrun
