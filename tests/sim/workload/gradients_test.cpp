#include "sim/workload/gradients.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "kernels/philox.hpp"

namespace simrun {
namespace {

using Distribution = SyntheticGradients::Distribution;

constexpr std::size_t many = 1 << 22;
const double root_of_many = std::sqrt(static_cast<double>(many));
// The numbers are always the same; they are accepted if they are no further from what is expected than five standard
// errors, as all but one set of random numbers in a million are.
constexpr double sigmas = 5;

Model vectors(std::vector<std::uint64_t> sizes) {
  Model model{"vectors", {}};
  for (const std::uint64_t size : sizes) model.tensors.push_back({"t", {size}});
  return model;
}

std::vector<float> draw(const SyntheticGradients& options, int worker = 0, std::size_t size = many,
                        unsigned threads = 2, std::size_t tensor = 0) {
  std::vector<float> out(size, std::nanf(""));
  make_synthetic_gradients(options, vectors(std::vector<std::uint64_t>(tensor + 1, size)))
      ->fill(worker, tensor, threads, out);
  return out;
}

SyntheticGradients options(Distribution distribution, double agreement) {
  SyntheticGradients o;
  o.distribution = distribution;
  o.agreement = agreement;
  return o;
}

double mean_of(const std::vector<float>& x, const std::function<double(double)>& f) {
  return std::accumulate(x.begin(), x.end(), 0.0, [&](double sum, float v) { return sum + f(v); }) /
         static_cast<double>(x.size());
}

double power(double x, int n) {
  return n == 0 ? 1 : x * power(x, n - 1);
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// FNV-1a over the bytes.
std::uint64_t hash(const std::vector<float>& x) {
  std::uint64_t h = 0xcbf29ce484222325;
  const auto* bytes = reinterpret_cast<const unsigned char*>(x.data());
  for (std::size_t i = 0; i < x.size() * sizeof(float); ++i) h = (h ^ bytes[i]) * 0x100000001b3;
  return h;
}

/// Each share of the numbers below x must be cdf(x): a count of n trials has the standard error sqrt(p (1 - p) / n).
void check_cdf(const std::vector<float>& numbers, const std::function<double(double)>& cdf) {
  for (const double x : {-9.0, -6.0, -3.0, -1.0, -0.3, -0.01, 0.0, 0.01, 0.3, 1.0, 3.0, 6.0, 9.0}) {
    const double p = cdf(x);
    const double share = mean_of(numbers, [x](double v) { return v < x ? 1 : 0; });
    CAPTURE(x, p, share);
    CHECK(std::abs(share - p) <= sigmas * std::sqrt(p * (1 - p)) / root_of_many);
  }
}

TEST_CASE("synthetic gradients have the mean, variance and kurtosis of their distribution", "[gradients][large]") {
  // Fourth and eighth moments at variance 1. Normal: 3, 105. Laplace: (2n)! / 2^n, so 6, 2520. Student's t of df = 10:
  // E t^4 = df^2 3 / ((df-2)(df-4)), E t^8 = df^4 105 / ((df-2)(df-4)(df-6)(df-8)), each over (df / (df-2)) to the 2nd
  // and 4th power: 4, 1120. The mean of x^n has the standard error sqrt((E x^2n - (E x^n)^2) / count).
  const auto [distribution, fourth, eighth] = GENERATE(table<Distribution, double, double>({
      {Distribution::normal, 3, 105},
      {Distribution::laplace, 6, 2520},
      {Distribution::student_t, 4, 1120},
  }));
  SyntheticGradients o = options(distribution, GENERATE(0.0, 1.0));
  o.degrees_of_freedom = 10;
  const std::vector<float> x = draw(o);
  const auto moment = [&x](int n) { return mean_of(x, [n](double v) { return power(v, n); }); };
  CHECK(std::abs(moment(1)) <= sigmas / root_of_many);
  CHECK(std::abs(moment(2) - 1) <= sigmas * std::sqrt(fourth - 1) / root_of_many);
  CHECK(std::abs(moment(4) - fourth) <= sigmas * std::sqrt(eighth - fourth * fourth) / root_of_many);
}

TEST_CASE("a mixture of common and own parts has variance 1 and the kurtosis of the sum", "[gradients]") {
  // For independent c and e of excess kurtosis 3: that of sqrt(a) c + sqrt(1-a) e is 3 (a^2 + (1-a)^2). The eighth
  // moment is below Laplace's own, 2520.
  const double a = 0.3;
  const std::vector<float> x = draw(options(Distribution::laplace, a));
  const double fourth = 3 + 3 * (a * a + (1 - a) * (1 - a));
  CHECK(std::abs(mean_of(x, [](double v) { return v * v; }) - 1) <= sigmas * std::sqrt(fourth - 1) / root_of_many);
  CHECK(std::abs(mean_of(x, [](double v) { return power(v, 4); }) - fourth) <= sigmas * std::sqrt(2520) / root_of_many);
}

TEST_CASE("laplace numbers follow their closed form far into the tails", "[gradients][large]") {
  check_cdf(draw(options(Distribution::laplace, 0)), [](double x) {
    const double tail = std::exp(-std::abs(x) * std::sqrt(2.0)) / 2;  // scale 1 / sqrt 2
    return x < 0 ? tail : 1 - tail;
  });
}

TEST_CASE("normal numbers follow the error function", "[gradients][large]") {
  check_cdf(draw(options(Distribution::normal, 0)), [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; });
}

TEST_CASE("student-t numbers follow their closed form for four degrees of freedom", "[gradients][large]") {
  // F(t) = 1/2 + 3/8 s (1 - s^2 / 12), s = t / sqrt(1 + t^2 / 4); the variance of t is 2.
  check_cdf(draw(options(Distribution::student_t, 0)), [](double x) {
    const double t = x * std::sqrt(2.0);
    const double s = t / std::sqrt(1 + t * t / 4);
    return 0.5 + 0.375 * s * (1 - s * s / 12);
  });
}

TEST_CASE("student-t with very many degrees of freedom is normal", "[gradients][large]") {
  SyntheticGradients o = options(Distribution::student_t, 0);
  o.degrees_of_freedom = GENERATE(1e8, 1e300);
  check_cdf(draw(o), [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; });
}

TEST_CASE("neighbouring elements are independent, also in magnitude", "[gradients][large]") {
  // Distances that words, blocks and tiles have. E x^2 y^2 = 1 if x and y are independent, with the variance
  // (E x^4)^2 - 1 of a term; overlapping pairs are a little less than independent, hence twice the error.
  const std::vector<float> x = draw(options(Distribution::normal, 0));
  const std::size_t distance = GENERATE(1U, 2U, 63U, 64U, 128U, 192U, 256U);
  double product = 0, squares = 0;
  for (std::size_t i = 0; i + distance < many; ++i) {
    const double v = x[i], w = x[i + distance];
    product += v * w;
    squares += v * v * w * w;
  }
  const double count = static_cast<double>(many - distance);
  CAPTURE(distance);
  CHECK(std::abs(product / count) <= sigmas / root_of_many);
  CHECK(std::abs(squares / count - 1) <= 2 * sigmas * std::sqrt(8.0) / root_of_many);
}

TEST_CASE("the correlation of two workers is the agreement", "[gradients][large]") {
  const auto distribution = GENERATE(Distribution::normal, Distribution::laplace, Distribution::student_t);
  const double agreement = GENERATE(0.0, 0.3, 0.9, 1.0);
  SyntheticGradients o = options(distribution, agreement);
  o.degrees_of_freedom = 10;
  const std::vector<float> x = draw(o, 0), y = draw(o, 5);
  const double product =
      std::inner_product(x.begin(), x.end(), y.begin(), 0.0, std::plus<>(), [](double a, double b) { return a * b; });
  // By Cauchy and Schwarz a product's second moment is at most the fourth moment of one, at most 6.
  CHECK(std::abs(product / static_cast<double>(many) - agreement) <= sigmas * std::sqrt(6.0) / root_of_many);
  if (agreement == 1) CHECK(same_bytes(x, y));
}

TEST_CASE("the largest magnitudes are not quantised", "[gradients]") {
  // The top n = 419 of 2^22 have 2^31 / 10^4 = 214748 values to fall on, so 0.4 pairs of them are equal on average.
  std::vector<float> x = draw(options(Distribution::laplace, 0));
  for (float& v : x) v = std::abs(v);
  const auto end = x.begin() + many / 10000;
  std::partial_sort(x.begin(), end, x.end(), std::greater<>());
  CHECK(end - std::unique(x.begin(), end) <= 4);
}

TEST_CASE("bytes do not depend on the number of threads", "[gradients]") {
  const auto distribution = GENERATE(Distribution::normal, Distribution::laplace, Distribution::student_t);
  constexpr std::size_t size = 300'001;  // no multiple of a tile, enough for threads
  const std::vector<float> alone = draw(options(distribution, 0.3), 1, size, 1);
  for (const unsigned threads : {2U, 3U, 5U})
    CHECK(same_bytes(alone, draw(options(distribution, 0.3), 1, size, threads)));
}

TEST_CASE("an element does not depend on the tensor's size", "[gradients]") {
  const auto distribution = GENERATE(Distribution::normal, Distribution::laplace, Distribution::student_t);
  const std::vector<float> large = draw(options(distribution, 0.3), 2, 300'001);
  for (const std::size_t size : {0, 1, 63, 128, 1000}) {
    CHECK(same_bytes(draw(options(distribution, 0.3), 2, size),
                     {large.begin(), large.begin() + static_cast<long>(size)}));
  }
}

TEST_CASE("seeds, workers and tensors have numbers of their own", "[gradients]") {
  SyntheticGradients o = options(Distribution::laplace, 0);
  std::vector<std::vector<float>> all;
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{1} << 32}) {
    o.seed = seed;
    for (const int worker : {0, 1, 65535}) {
      for (const std::size_t tensor : {0, 1}) all.push_back(draw(o, worker, 100, 1, tensor));
    }
  }
  o.agreement = 1;  // the common numbers are no worker's
  all.push_back(draw(o, 0, 100));
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(all[i][0] != all[j][0]);
  }
}

TEST_CASE("laplace numbers are the inverse distribution function of Philox's words", "[gradients]") {
  // Element 256 t + 64 i + j is word i of block 64 t + j; its upper 31 bits m give |x| = -ln((m + 1/2) / 2^31) /
  // sqrt 2.
  SyntheticGradients o = options(Distribution::laplace, 0);
  o.seed = 0x0123456789abcdef;
  const std::vector<float> x = draw(o, 7, 600, 1, 3);
  for (std::size_t e = 0; e < x.size(); ++e) {
    const auto block = static_cast<std::uint32_t>(e / 256 * 64 + e % 64);
    const std::uint32_t word = philox4x32_10({block, 0, 3, 8}, 0x0123456789abcdef)[e % 256 / 64];
    const double magnitude = -std::log((static_cast<double>(word >> 1) + 0.5) / 0x1p31) / std::sqrt(2.0);
    CHECK(x[e] == Approx(word % 2 == 1 ? -magnitude : magnitude).epsilon(1e-6).margin(0x1p-25));
  }
}

TEST_CASE("a seed gives the same bytes on every machine", "[gradients]") {
  const auto [distribution, expected] = GENERATE(table<Distribution, std::uint64_t>({
      {Distribution::normal, 0xdf411364a6854762},
      {Distribution::laplace, 0x8122e3cbe22acc77},
      {Distribution::student_t, 0x194f82876864b931},
  }));
  SyntheticGradients o = options(distribution, 0.3);
  o.scale_spread = 0.5;
  CHECK(hash(draw(o, 1, 1'000'003)) == expected);
}

TEST_CASE("the scale of tensors is log-normal and the same for all workers", "[gradients]") {
  constexpr std::size_t tensors = 2000;
  const double spread = 0.7;
  const Model model = vectors(std::vector<std::uint64_t>(tensors, 3));
  SyntheticGradients o = options(Distribution::laplace, 0);  // a sum of two parts could cancel and lose digits
  const auto plain = make_synthetic_gradients(o, model);
  o.scale_spread = spread;
  const auto scaled = make_synthetic_gradients(o, model);
  const auto ratio = [&](int worker, std::size_t tensor) {
    std::vector<float> a(3), b(3);
    plain->fill(worker, tensor, 1, a);
    scaled->fill(worker, tensor, 1, b);
    CHECK(b[1] / a[1] == Approx(b[2] / a[2]).epsilon(1e-5));
    return static_cast<double>(b[1] / a[1]);
  };
  double sum = 0, squares = 0;
  for (std::size_t t = 0; t < tensors; ++t) {
    const double z = std::log(ratio(0, t)) / spread;
    CHECK(ratio(9, t) == Approx(ratio(0, t)).epsilon(1e-5));
    sum += z;
    squares += z * z;
  }
  const double count = static_cast<double>(tensors);
  CHECK(std::abs(sum / count) <= sigmas / std::sqrt(count));
  CHECK(std::abs(squares / count - 1) <= sigmas * std::sqrt(2 / count));
}

TEST_CASE("synthetic gradients come from no file", "[gradients]") {
  CHECK(make_synthetic_gradients({}, vectors({1}))->file(0).empty());
}

}  // namespace
TEST_CASE("gradients: of a lower precision they are the same numbers, rounded, in whatever parts they are made") {
  const std::size_t size = 300'000;
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    std::vector<float> expected = draw({}, 3, size);
    round_to(precision, expected);
    const Model model = vectors({size});
    const auto gradients = rounded(make_synthetic_gradients({}, model), precision, model);
    for (const unsigned threads : {1U, 3U}) {
      std::vector<float> made(size);
      const std::size_t first = 100 * Gradients::grain;
      gradients->fill_part(3, 0, 0, threads, std::span(made).first(first));
      gradients->fill_part(3, 0, first, threads, std::span(made).subspan(first));
      CHECK(same_bytes(made, expected));
    }
  }
}

}  // namespace simrun
