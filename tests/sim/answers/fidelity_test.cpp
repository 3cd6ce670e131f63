// How much of a gradient payloads hold: closed forms for known distributions, and the bound that all codecs obey on
// normal gradients.

#include "sim/answers/fidelity.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "sim/methods/method.hpp"
#include "sim/scenario/sweep.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

constexpr double fidelity_elements = 1 << 18;

Fidelity of_method(const std::string& method, const std::string& distribution) {
  const TemporaryFolder folder;
  const Study study = read_study(folder.write("s.json", R"({
    "workers": 4,
    "model": {"name": "m", "tensors": [{"name": "a", "shape": [512, 512]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "gradients": {"agreement": 0, "distribution": ")" + distribution +
                                                            R"("},
    "methods": [)" + method + "]}"),
                                 {});
  return fidelity_of(study.points.front().scenario, 1);
}

}  // namespace

TEST_CASE("fidelity: closed forms of what is lost") {
  // Nothing: 32 bits an element.
  const Fidelity dense = of_method(R"({"name": "sgd"})", "laplace");
  CHECK(dense.bits == 32);
  CHECK(dense.lost == 0);
  CHECK_FALSE(dense.least_bits());

  // The K largest of a Laplace law have the share p (1 + t + t^2 / 2) of its energy, t = -ln p, p = K/N: with p = 0.01,
  // t = 4.605, that is 0.1621. K = 2621 entries of them are off by about 2 % (1 / sqrt K).
  const Fidelity top = of_method(R"({"name": "top-k", "density": 0.01})", "laplace");
  const double t = -std::log(0.01);
  CHECK(1 - top.lost == Approx(0.01 * (1 + t + t * t / 2)).epsilon(0.06));
  CHECK(top.bits == Approx((32 * 8 + 64 * std::round(0.01 * fidelity_elements)) / fidelity_elements));

  // As many entries anywhere have the share K/N.
  const Fidelity random = of_method(R"({"name": "rand-k", "density": 0.01})", "laplace");
  CHECK(1 - random.lost == Approx(0.01).epsilon(0.1));

  // Signs with the best factor hold E|x|^2 / E x^2: 1/2 of a Laplace law, 2/pi of a normal one. The scale that is sent
  // changes nothing. Off by about 1 / sqrt N.
  for (const char* method : {R"({"name": "signsgd-mv"})", R"({"name": "ef-signsgd"})"}) {
    CHECK(of_method(method, "laplace").lost == Approx(0.5).epsilon(0.01));
    CHECK(of_method(method, "normal").lost == Approx(1 - 2 / M_PI).epsilon(0.01));
    CHECK(of_method(method, "normal").bits == Approx(1).epsilon(0.01));
  }
}

/// Shannon: of independent normal elements no code of b bits an element loses less than 4^-b of the energy, but for
/// chance, which is about 1 / sqrt(bits sent).
TEST_CASE("fidelity: on normal gradients no method has fewer bits than the bound") {
  for (const MethodEntry& method : methods()) {
    const bool sparsifies = find_codec(method.codec())->sparsifies;
    const std::string name(method.name);
    CAPTURE(name);
    const Fidelity found = of_method(R"({"name": ")" + name + '"' + (sparsifies ? R"(, "density": 0.02)" : "") +
                                         (method.local.fragments > 1 ? R"(, "fragments": 1)" : "") + "}",
                                     "normal");
    CHECK(found.bits > 0);
    if (found.least_bits()) CHECK(found.bits > *found.least_bits());
  }
}

TEST_CASE("simrun fidelity says it of each method and K once, in three formats") {
  const TemporaryFolder folder;
  folder.write("s.json", R"({
    "workers": 4, "model": "softmax-mnist", "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"}, "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "top-k"}, {"name": "gtop-k"}],
    "sweep": {"workers": [2, 4], "density": [0.01, 0.1]}})");
  const Ended csv = run_program("fidelity s.json --format csv", folder.path());
  REQUIRE(csv.status == 0);
  const auto rows = parse_csv(csv.out);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].at("method") == "sgd");
  CHECK(rows[0].at("least_bits_per_element").empty());
  std::map<std::pair<std::string, double>, double> lost;
  for (std::size_t i = 1; i < rows.size(); ++i)
    lost[{rows[i].at("method"), number(rows[i], "density")}] = number(rows[i], "lost");
  REQUIRE(lost.size() == 4);
  CHECK(lost[{"top-k", 0.01}] > lost[{"top-k", 0.1}]);
  // Of one worker alone both select the same.
  CHECK(lost[{"top-k", 0.01}] == lost[{"gtop-k", 0.01}]);
  const Ended table = run_program("fidelity s.json", folder.path());
  CHECK_THAT(table.out, Catch::Contains("nothing lost"));
  const Ended json = run_program("fidelity s.json --format json", folder.path());
  CHECK_THAT(json.out, Catch::Contains("\"bits_per_element\": 32"));
}

}  // namespace simrun
