// What MergeComp's methods send of ResNet-50 with 1001 classes, tensor by tensor and merged, derived by hand.
//
// 161 tensors, N = 25,559,081: the 25,557,032 of 1000 classes and a row of 2048 weights and a bias more. Of all tensors
// only the last bias, 1001, has no multiple of 64 elements. A header takes 32 bytes, values come in words of 4.

#include <catch2/catch.hpp>
#include <fstream>

#include "sim/payloads/payload_stage.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

constexpr double N_of_resnet = 25'559'081;

json resnet50_of_1001() {
  json model = json::parse(std::ifstream(SIMRUN_SOURCE_DIR "/scenarios/models/resnet50.json"));
  for (json& tensor : model["tensors"]) {
    if (tensor["shape"][0] == 1000) tensor["shape"][0] = 1001;
  }
  return model;
}

/// Bytes that one worker sends in an iteration.
double bytes_of(const json& method, const char* grouping) {
  const TemporaryFolder folder;
  json scenario = tiny_scenario();
  scenario["workers"] = 1;
  scenario["model"] = resnet50_of_1001();
  scenario["schedule"] = {{"grouping", grouping}};
  scenario["methods"] = {method};
  const Study study = study_of(scenario, folder);
  REQUIRE(study.points[0].scenario.model->tensors.size() == 161);
  REQUIRE(static_cast<double>(study.points[0].scenario.elements()) == N_of_resnet);
  PayloadCache cache;
  PayloadStage stage(study, {0}, 2, cache, [](std::uint64_t, std::uint64_t) {});
  return stage.next()->tables.front()->mean_bytes(1, 1);
}

}  // namespace

TEST_CASE("ResNet-50 of 1001 classes: what is sent, to the byte") {
  // Bits: 25,558,080 / 32 words of all tensors but the last bias, and 32 words of that; merged as many, 798,722.
  constexpr double bits = 4 * 798'722;
  for (const char* name : {"ef-signsgd", "signsgd", "signum", "onebit"}) {
    INFO(name);
    // EF-SignSGD has one scale, OneBit two means, signs that are counted as they are none.
    const double more = std::string(name) == "ef-signsgd" ? 4 : std::string(name) == "onebit" ? 8 : 0;
    CHECK(bytes_of({{"name", name}}, "model") == 32 + more + bits);
    CHECK(bytes_of({{"name", name}}, "tensor") == 161 * (32 + more) + bits);
  }
  // A byte an element and a norm a tensor; the 1001 take 1004 bytes, N takes 25,559,084.
  const json qsgd = {{"name", "qsgd"}, {"levels", 64}, {"bucket", 0}, {"packing", "int8"}};
  CHECK(bytes_of(qsgd, "model") == 32 + 4 + 25'559'084);
  CHECK(bytes_of(qsgd, "tensor") == 161 * (32 + 4) + 25'559'084);
  // 6240 chunks of 4096 keep 64 each, the last 41 elements all: 399,401 entries, and 4,792,812 bits in 149,776 words.
  CHECK(bytes_of({{"name", "chunked-top-k"}}, "model") == 32 + 4 * 149'776 + 4 * 399'401);
  // 6240 chunks keep 32 coefficients each, and so do the last 41: 199,712, and 2,396,544 bits in 74,892 words.
  CHECK(bytes_of({{"name", "demo"}}, "model") == 32 + 4 * 74'892 + 4 * 199'712);
  // 12 x 255,591 counters are 163.8 columns of 4096 elements, so 164, and 1,023,362 of all.
  CHECK(bytes_of({{"name", "homomorphic"}, {"density", 0.01}}, "model") == 32 + bits + 12 * 1'023'362);
  // A byte an element, and a scale of 256 each.
  CHECK(bytes_of({{"name", "block-quantization"}}, "model") == 32 + 4 * 99'841 + 25'559'084);
  CHECK(bytes_of({{"name", "quantized-allreduce"}}, "model") == 32 + 4 * 99'841 + 25'559'084);
  // The scales, and then the bytes.
  CHECK(bytes_of({{"name", "quantized-allreduce"}, {"requantize", false}}, "model") == 4 * 99'841 + 32 + 25'559'084);
  CHECK(bytes_of({{"name", "sgd"}, {"precision", "fp16"}}, "tensor") == 2 * N_of_resnet);
  CHECK(bytes_of({{"name", "sgd"}, {"precision", "bf16"}}, "tensor") == 2 * N_of_resnet);
  // 399,401 entries of 12 bits as before; of 2 bits they take 24,963 words, and the table 16 bytes.
  CHECK(bytes_of({{"name", "chunked-top-k"}, {"values", "int2"}}, "model") == 32 + 4 * 149'776 + 16 + 4 * 24'963);
  // 1 % of N is 255,590.81, and 255,591 pairs of 8 bytes, however they are shared among tensors.
  for (const json& method :
       {json{{"name", "top-k"}, {"density", 0.01}}, json{{"name", "rand-k"}, {"density", 0.01}, {"indices", "sent"}}}) {
    INFO(method);
    CHECK(bytes_of(method, "model") == 32 + 8 * 255'591);
    CHECK(bytes_of(method, "tensor") == 161 * 32 + 8 * 255'591);
  }
  // DGC's threshold comes from a sample: 0.7 to 1.3 times as many, whole tensors' K rounded up to 1 and more.
  const json dgc = {{"name", "dgc"}, {"density", 0.01}};
  CHECK(bytes_of(dgc, "model") == Approx(32 + 8 * 255'591).epsilon(0.3));
  CHECK(bytes_of(dgc, "tensor") == Approx(161 * 32 + 8 * 255'591).epsilon(0.3));
}

}  // namespace simrun
