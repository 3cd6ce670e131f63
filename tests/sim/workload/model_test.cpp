#include "sim/workload/model.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

namespace simrun {
namespace {

Model read(const std::string& name) {
  const auto json =
      nlohmann::json::parse(std::ifstream(std::string(SIMRUN_SOURCE_DIR) + "/scenarios/models/" + name + ".json"));
  Model model{json.at("name"), {}};
  for (const auto& tensor : json.at("tensors")) model.tensors.push_back({tensor.at("name"), tensor.at("shape")});
  return model;
}

TEST_CASE("the shipped models have the numbers of parameters that their sources state", "[model]") {
  const auto [name, parameters] = GENERATE(table<std::string, std::uint64_t>({
      {"vgg16-cifar10", 14'728'266},
      {"resnet20-cifar10", 269'722},
      {"alexnet", 61'100'840},
      {"resnet50", 25'557'032},
      {"vgg16", 138'357'544},
      {"lstm-ptb", 66'034'000},
      {"bert-base", 109'482'240},
      {"resnet101", 44'549'160},
      {"vgg19", 143'667'240},
      {"inception-v4", 42'679'816},
      {"mask-rcnn-r50-fpn", 44'401'393},
      {"bert-large", 335'141'888},
      {"gpt2", 124'439'808},
      {"gpt2-medium", 354'823'168},
      {"gpt2-large", 774'030'080},
      {"gpt2-xl", 1'557'611'200},
      {"llama-3.2-1b", 1'235'814'400},
      {"llama-2-7b", 6'738'415'616},
  }));
  const Model model = read(name);
  CAPTURE(name);
  CHECK(model.name == name);
  CHECK(model.elements() == parameters);

  std::set<std::string> names;
  for (const Tensor& tensor : model.tensors) names.insert(tensor.name);
  CHECK(names.size() == model.tensors.size());
}

TEST_CASE("a tensor has as many elements as its shape's product", "[model]") {
  CHECK(Tensor{"scalar", {}}.elements() == 1);
  CHECK(Tensor{"vector", {7}}.elements() == 7);
  CHECK(Tensor{"kernel", {64, 3, 5, 5}}.elements() == 4800);
  CHECK(Tensor{"more than 32 bits", {1 << 20, 1 << 20}}.elements() == std::uint64_t{1} << 40);
}

TEST_CASE("a tensor's offset is the number of elements before it", "[model]") {
  const Model model{"small", {{"a", {2, 3}}, {"b", {4}}, {"c", {5}}}};
  CHECK(model.offset(0) == 0);
  CHECK(model.offset(1) == 6);
  CHECK(model.offset(2) == 10);
  CHECK(model.offset(3) == model.elements());
  CHECK(model.elements() == 15);
}

}  // namespace
}  // namespace simrun
