#include "sim/study/experiment.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

/// Of 1,024,000 gradients by the modelled times of an A100: 1555 GB/s, of which 0.8 are reached.
Times modelled_times(const json& method, const char* precision, bool has_hosts = false) {
  json scenario = tiny_scenario();
  scenario["model"]["tensors"] = {{{"name", "a"}, {"shape", {1000, 1024}}}};
  scenario["device"] = "a100";
  scenario["gradients"] = {{"precision", precision}};
  scenario["methods"] = {method};
  return times_of(has_hosts ? on_hosts(scenario, 2) : scenario);
}

constexpr double two_bytes_an_element = 2 * 1.024e6 / (0.8 * 1555e9);

}  // namespace

TEST_CASE("encoding a gradient of two bytes an element reads so much less, once") {
  const json methods = {
      {{"name", "gtop-k"}, {"k", 1000}}, {{"name", "scalecom"}, {"k", 1000}}, {{"name", "signsgd-mv"}}};
  for (const json& method : methods) {
    INFO(method);
    const Seconds fp32 = modelled_times(method, "fp32").encode;
    CHECK((fp32 - modelled_times(method, "bf16").encode).value == Approx(two_bytes_an_element).epsilon(1e-3));
  }
  // What waits for its products does not care.
  const json products = {{"name", "powersgd"}};
  CHECK(modelled_times(products, "bf16").encode == modelled_times(products, "fp32").encode);
}

TEST_CASE("an fp16 gradient is sent as it is, a bf16 one is converted") {
  const json sgd16 = {{"name", "sgd"}, {"precision", "fp16"}};
  CHECK(modelled_times(sgd16, "fp16").encode == Seconds(0));
  const Seconds fp32 = modelled_times(sgd16, "fp32").encode;
  CHECK((fp32 - modelled_times(sgd16, "bf16").encode).value == Approx(two_bytes_an_element).epsilon(1e-3));
}

TEST_CASE("what hosts make of their GPUs' gradients is encoded as fp32") {
  const json method = {{"name", "gtop-k"}, {"k", 1000}, {"hierarchy", "leader"}};
  CHECK(modelled_times(method, "fp16", true).encode == modelled_times(method, "fp32", true).encode);
}

}  // namespace simrun
