// PowerSGD's two codecs, on their own: tests/sim/training/exchange_test.cpp has them among workers.

#include "kernels/low_rank.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/kernel_primitives.hpp"
#include "tests/kernels/samples.hpp"

namespace simrun {
namespace {

constexpr std::uint64_t rows = 40;
constexpr std::uint64_t columns = 70;

/// `count` orthonormal vectors, one after another.
std::vector<float> basis(std::uint64_t length, std::uint64_t count, unsigned seed) {
  std::vector<float> vectors = normal_values(length * count, seed);
  make_cpu_primitives(1)->orthonormalise(vectors, length);
  return vectors;
}

/// The sum of sizes[i] u_i v_i^T.
std::vector<float> matrix_of(const std::vector<float>& sizes) {
  const std::vector<float> u = basis(rows, sizes.size(), 1);
  const std::vector<float> v = basis(columns, sizes.size(), 2);
  std::vector<float> m(rows * columns);
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    for (std::uint64_t i = 0; i < rows; ++i) {
      for (std::uint64_t j = 0; j < columns; ++j) m[i * columns + j] += sizes[s] * u[s * rows + i] * v[s * columns + j];
    }
  }
  return m;
}

double norm_of(std::span<const float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * double{value};
  return std::sqrt(squares);
}

/// One worker's steps with matrices of one rank.
class OneWorker {
 public:
  OneWorker(std::vector<TensorShape> tensors, int rank)
      : tensors_(std::move(tensors)),
        left_(find_codec("left-factors")->make({.rank = rank}, make_cpu_primitives(1))),
        right_(find_codec("right-factors")->make({.rank = rank}, make_cpu_primitives(1))) {}

  /// What is decoded. `residual` is left with what is not.
  std::vector<float> step(std::span<const float> gradient, std::vector<float>& residual) {
    const Payload* last = last_.size() > 0 ? &last_ : nullptr;
    RoundContext context{.shared_seed = 7, .tensors = tensors_, .last_step = last};
    const Payload left = left_->encode(gradient, gradient.size(), context);
    CHECK(left.header() == left_->shape(gradient.size(), gradient.size(), tensors_));
    context.previous = {&left, 1};
    const Payload right = right_->encode(gradient, gradient.size(), context);
    CHECK(right.header() == right_->shape(gradient.size(), gradient.size(), tensors_));
    std::vector<float> decoded(gradient.size());
    right_->decode(right, 1, decoded, context);
    residual.assign(gradient.begin(), gradient.end());
    right_->settle(right, residual, context);
    last_ = right;
    bytes_ = left.size() + right.size();
    return decoded;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  std::vector<TensorShape> tensors_;
  std::unique_ptr<const Codec> left_;
  std::unique_ptr<const Codec> right_;
  Payload last_;
  std::uint64_t bytes_ = 0;
};

double largest_difference(std::span<const float> a, std::span<const float> b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(double{a[i]} - double{b[i]}));
  return most;
}

}  // namespace

TEST_CASE("low rank: columns become orthonormal, dependent ones zero") {
  std::vector<float> p = basis(rows, 5, 3);
  const auto product = [&](std::uint64_t a, std::uint64_t b) {
    double sum = 0;
    for (std::uint64_t i = 0; i < rows; ++i) sum += double{p[a * rows + i]} * double{p[b * rows + i]};
    return sum;
  };
  for (std::uint64_t a = 0; a < 5; ++a) {
    for (std::uint64_t b = 0; b < 5; ++b) CHECK(product(a, b) == Approx(a == b ? 1 : 0).margin(1e-6));
  }
  // The third is the first minus twice the second; the fifth is far smaller than the others.
  for (std::uint64_t i = 0; i < rows; ++i) {
    p[2 * rows + i] = p[i] - 2 * p[rows + i];
    p[4 * rows + i] *= 1e-30F;
  }
  make_cpu_primitives(1)->orthonormalise(p, rows);
  CHECK(product(2, 2) == 0);
  for (const std::uint64_t a : {0U, 1U, 3U, 4U}) CHECK(product(a, a) == Approx(1));
  std::vector<float> zeros(2 * rows);
  make_cpu_primitives(1)->orthonormalise(zeros, rows);
  CHECK(norm_of(zeros) == 0);
}

TEST_CASE("low rank: products are what their definitions say") {
  const LowRank shape{.rows = rows, .columns = columns, .rank = 3};
  const auto primitives = make_cpu_primitives(1);
  const std::vector<float> m = normal_values(rows * columns, 1);
  const std::vector<float> q = normal_values(3 * columns, 2);
  std::vector<float> p(3 * rows);
  primitives->multiply(shape, m, q, p);
  std::vector<float> back(3 * columns);
  primitives->multiply_transposed(shape, m, p, back);
  std::vector<float> sum = m;
  primitives->add_product(shape, p, q, 0.5F, sum);
  for (std::uint64_t c = 0; c < 3; ++c) {
    for (std::uint64_t i = 0; i < rows; ++i) {
      double expected = 0;
      for (std::uint64_t j = 0; j < columns; ++j) expected += double{m[i * columns + j]} * double{q[c * columns + j]};
      CHECK(p[c * rows + i] == Approx(expected).margin(1e-4));
    }
    for (std::uint64_t j = 0; j < columns; ++j) {
      double expected = 0;
      for (std::uint64_t i = 0; i < rows; ++i) expected += double{m[i * columns + j]} * double{p[c * rows + i]};
      CHECK(back[c * columns + j] == Approx(expected).margin(1e-3));
    }
  }
  double expected = double{m[5 * columns + 6]};
  for (std::uint64_t c = 0; c < 3; ++c) expected += 0.5 * double{p[c * rows + 5]} * double{q[c * columns + 6]};
  CHECK(sum[5 * columns + 6] == Approx(expected));
}

TEST_CASE("low rank: a matrix takes 4 r (a + b) bytes, and what does not gain is sent as it is") {
  // 64 x 3 x 3 x 3 is 64 x 27: 4 (64 + 27) = 364 of 1728. The bias is a vector. 8 x 8: 4 (8 + 8) is no less than 64.
  const std::vector<TensorShape> tensors = {{64, 3, 3, 3}, {64}, {8, 8}};
  const std::vector<float> gradient = normal_values(1728 + 64 + 64);
  OneWorker worker(tensors, 4);
  std::vector<float> residual;
  const std::vector<float> decoded = worker.step(gradient, residual);
  CHECK(worker.bytes() == 4 * (4 * (64 + 27) + 64 + 64));
  for (std::size_t i = 1728; i < gradient.size(); ++i) {
    CHECK(decoded[i] == gradient[i]);
    CHECK(residual[i] == 0);
  }
  CHECK(factored_parts({}, 10, 4).front().is_factored() == false);
}

TEST_CASE("low rank: a matrix of no higher rank is sent whole, to rounding") {
  const std::vector<float> m = matrix_of({5, 3});
  OneWorker worker({{rows, columns}}, 2);
  std::vector<float> residual;
  const std::vector<float> decoded = worker.step(m, residual);
  CHECK(norm_of(residual) < 1e-5 * norm_of(m));
  for (std::size_t i = 0; i < m.size(); ++i) CHECK(decoded[i] == Approx(m[i]).margin(1e-5));
}

TEST_CASE("low rank: steps on one matrix come to its best approximation") {
  // What is left of the best approximation of rank 2 are the sizes 2 and 1: sqrt(5). The subspace turns towards the
  // larger ones by (2 / 6)^2 in each step.
  const std::vector<float> m = matrix_of({10, 6, 2, 1});
  OneWorker worker({{rows, columns}}, 2);
  std::vector<float> residual;
  double first = 0;
  for (int step = 0; step < 10; ++step) {
    const std::vector<float> decoded = worker.step(m, residual);
    if (step == 0) first = norm_of(residual);
    for (std::size_t i = 0; i < m.size(); ++i) CHECK(decoded[i] + residual[i] == Approx(m[i]).margin(1e-5));
  }
  CHECK(first > std::sqrt(5) * 1.001);
  CHECK(norm_of(residual) == Approx(std::sqrt(5)).epsilon(1e-4));
}

TEST_CASE("low rank: a step with nothing in it does not end the next one") {
  OneWorker worker({{rows, columns}}, 2);
  std::vector<float> residual;
  CHECK(norm_of(worker.step(std::vector<float>(rows * columns), residual)) == 0);
  worker.step(matrix_of({5, 3}), residual);
  CHECK(norm_of(residual) < 1e-4);
}

TEST_CASE("low rank: kernels compute what the processor does, to rounding", "[cuda]") {
  using cuda::HostMachine;
  const auto processor = make_cpu_primitives(1);
  const cuda::KernelPrimitives<HostMachine> kernels(std::make_unique<HostMachine>(2, 1));
  for (const LowRank shape : {LowRank{1, 3, 1}, LowRank{40, 70, 3}, LowRank{513, 33, 7}, LowRank{5, 2000, 2}}) {
    INFO(shape.rows << " x " << shape.columns);
    const std::vector<float> m = normal_values(shape.rows * shape.columns, 1);
    const std::vector<float> q = normal_values(shape.rank * shape.columns, 2);
    const auto both = [&](std::size_t size, const auto& compute) {
      std::vector<float> expected(size, 0.5F);
      std::vector<float> found = expected;
      compute(*processor, expected);
      compute(kernels, found);
      // Far below the bound that Primitives states, n^2 2^-23 0.64 for sums of n products of normal values: errors of
      // roundings mostly cancel.
      CHECK(largest_difference(expected, found) < 1e-4);
      return expected;
    };
    std::vector<float> p = both(shape.rank * shape.rows,
                                [&](const Primitives& on, std::span<float> out) { on.multiply(shape, m, q, out); });
    processor->orthonormalise(p, shape.rows);
    both(q.size(), [&](const Primitives& on, std::span<float> out) { on.multiply_transposed(shape, m, p, out); });
    both(m.size(), [&](const Primitives& on, std::span<float> out) { on.add_product(shape, p, q, 0.3F, out); });
    both(m.size(), [&](const Primitives& on, std::span<float> out) {
      std::ranges::copy(m, out.begin());
      if (shape.rows <= shape.columns) on.orthonormalise(out, shape.columns);
    });
    const std::vector<std::uint32_t> indices = {0, static_cast<std::uint32_t>(m.size() - 1)};
    both(2, [&](const Primitives& on, std::span<float> out) { on.gather(m, indices, out); });
    std::vector<float> shorter(p.size() - 1);
    for (const Primitives* on : {processor.get(), static_cast<const Primitives*>(&kernels)}) {
      CHECK_THROWS_AS(on->multiply(shape, m, q, shorter), std::invalid_argument);
      CHECK_THROWS_AS(on->orthonormalise(p, 0), std::invalid_argument);
      CHECK_THROWS_AS(on->gather(m, indices, p), std::invalid_argument);
    }
  }
}

}  // namespace simrun
