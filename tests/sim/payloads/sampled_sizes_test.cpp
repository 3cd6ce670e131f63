// Sizes from samples against the sizes of the whole.

#include "sim/payloads/sampled_sizes.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "kernels/parallel.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/scenario/sweep.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

/// 2^21 elements in tensors of several sizes and scales, of which a sample has 2^17 or all.
Study sampled_study(const TemporaryFolder& folder, const std::string& method, const std::string& sample,
                    const std::string& sweep = "{}") {
  return read_study(folder.write("s.json", R"({
    "workers": 4,
    "model": {"name": "m", "tensors": [{"name": "a", "shape": [1048576]}, {"name": "b", "shape": [100]},
                                       {"name": "c", "shape": [524288]}, {"name": "d", "shape": [524188]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "gradients": {"scale_spread": 0.3)" + sample +
                                               R"(},
    "methods": [)" + method + R"(], "sweep": )" +
                                               sweep + "}"),
                    {});
}

/// Mean size of what the first workers send of the group, each encoded whole.
double whole_bytes(const Scenario& scenario) {
  const auto codec = scenario.method.codec->make(scenario.method.options, make_cpu_primitives(1));
  const GradientSource source(scenario);
  std::vector<float> buffer(source.largest_group());
  double bytes = 0;
  for (std::size_t worker = 0; worker < samples_of_gradients; ++worker) {
    const std::span<const float> gradient = source.fill(worker, source.groups()[0], 1, buffer);
    bytes += static_cast<double>(codec->encode(gradient, scenario.entries(), {.seed = source.seed(worker, 0)}).size());
  }
  return bytes / samples_of_gradients;
}

double sampled_bytes(const Scenario& scenario) {
  return sampled_sizes(scenario, 1, [](std::uint64_t) {})->mean_bytes(1, 1);
}

TEST_CASE("sizes from samples are those of the whole, nearly") {
  const TemporaryFolder folder;
  // K/N = 0.02 leaves 2621 entries in a sample, 20 blocks of gaps. The bits that a block's gaps take differ by 6 % from
  // block to block, so that the mean of 80 blocks is off by less than 1 %. How many entries dgc sends is off by as much
  // as its sampled threshold allows, 30 % up or down; so may sidco's, by its fitted one.
  const auto [method, error] = GENERATE(table<std::string, double>({
      {R"({"name": "top-k", "density": 0.02, "index": "delta"})", 0.03},
      {R"({"name": "dgc", "density": 0.02})", 0.3},
      {R"({"name": "sidco", "density": 0.02})", 0.3},
  }));
  CAPTURE(method);
  const Study study = sampled_study(folder, method, R"(, "sample": 131072)");
  const Scenario& scenario = study.points.front().scenario;
  REQUIRE(scenario.is_sampled());
  CHECK(sampled_bytes(scenario) == Approx(whole_bytes(scenario)).epsilon(error));
}

TEST_CASE("nothing is sampled where sizes follow from K, where payloads are combined, or where all is asked for") {
  const TemporaryFolder folder;
  const auto is_sampled_by = [&](const std::string& method, const std::string& sample) {
    return sampled_study(folder, method, sample).points.front().scenario.is_sampled();
  };
  const std::string delta = R"({"name": "top-k", "density": 0.02, "index": "delta"})";
  CHECK(is_sampled_by(delta, R"(, "sample": 131072)"));
  CHECK_FALSE(is_sampled_by(delta, ""));
  CHECK_FALSE(is_sampled_by(delta, R"(, "sample": 2097152)"));
  CHECK_FALSE(is_sampled_by(R"({"name": "top-k", "density": 0.02})", R"(, "sample": 131072)"));
  CHECK_FALSE(is_sampled_by(R"({"name": "gtop-k", "density": 0.02, "index": "delta"})", R"(, "sample": 131072)"));
  CHECK_FALSE(is_sampled_by(R"({"name": "sparse-signsgd", "density": 0.02})", R"(, "sample": 131072)"));
}

TEST_CASE("sizes from samples depend neither on M nor on the number of threads, and differ from sample to sample") {
  const TemporaryFolder folder;
  const Study study = sampled_study(folder, R"({"name": "top-k", "density": 0.02, "index": "delta"})",
                                    R"(, "sample": 131072)", R"({"workers": [2, 8]})");
  const auto few = sampled_sizes(study.points[0].scenario, 1, [](std::uint64_t) {});
  const auto many = sampled_sizes(study.points[1].scenario, 3, [](std::uint64_t) {});
  REQUIRE(few->steps() == samples_of_gradients);
  std::set<std::uint64_t> sizes;
  for (std::size_t s = 0; s < samples_of_gradients; ++s) {
    CHECK(few->at(0, 0, 0, s).header() == many->at(7, 0, 0, s).header());
    CHECK(few->at(0, 0, 0, s).entries() == study.points[0].scenario.entries());
    sizes.insert(few->at(0, 0, 0, s).size());
  }
  CHECK(sizes.size() > 1);
}

}  // namespace
}  // namespace simrun
