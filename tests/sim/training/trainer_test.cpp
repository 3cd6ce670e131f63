// The laws of training with compressed gradients, on small made images.

#include "sim/training/trainer.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/sim/training/trainings.hpp"

namespace simrun::trainings {
namespace {

std::vector<json> all_methods() {
  return {{{"name", "sgd"}},
          {{"name", "sgd"}, {"precision", "fp16"}, {"collective", "tree"}},
          {{"name", "top-k"}, {"density", 0.05}, {"index", "delta"}, {"training", {{"divide_by", "senders"}}}},
          {{"name", "top-k"}, {"density", 0.05}, {"training", {{"momentum", 0.9}, {"momentum_at", "worker"}}}},
          {{"name", "gtop-k"}, {"density", 0.05}, {"training", {{"residual_rule", "exact"}}}},
          {{"name", "signsgd-mv"}, {"training", {{"learning_rate", 0.01}}}},
          {{"name", "signsgd-mv"}, {"training", {{"learning_rate", 0.01}, {"zeros", "random"}, {"ties", "random"}}}},
          {{"name", "ef-signsgd"}, {"training", {{"residual_weight", 0.9}}}},
          {{"name", "powersgd"}, {"rank", 2}},
          {{"name", "powergossip"}, {"rank", 2}, {"training", {{"momentum", 0.9}}}},
          {{"name", "powersgd"}, {"error_feedback", false}, {"collective", "tree"}},
          {{"name", "scalecom"}, {"density", 0.05}, {"index", "delta"}, {"training", {{"beta", 0.5}}}},
          {{"name", "rand-k"}, {"density", 0.05}},
          {{"name", "dgc"}, {"density", 0.05}},
          {{"name", "onebit"}},
          {{"name", "signum"}, {"training", {{"learning_rate", 0.01}}}},
          {{"name", "qsgd"}, {"levels", 3}, {"bucket", 32}},
          {{"name", "natural-compression"}},
          {{"name", "chunked-top-k"}, {"chunk", 64}, {"chunk_keeps", 5}},
          {{"name", "demo"}, {"chunk", 64}, {"chunk_keeps", 5}, {"training", {{"learning_rate", 0.01}}}},
          {{"name", "block-quantization"}, {"bits", 4}, {"block", 64}},
          {{"name", "sgd"}, {"precision", "bf16"}},
          {{"name", "top-k"}, {"density", 0.05}, {"values", "int4"}, {"hierarchy", "shard"}},
          {{"name", "gtop-k"}, {"density", 0.05}, {"values", "int8"}, {"training", {{"residual_rule", "exact"}}}},
          {{"name", "scalecom"}, {"density", 0.05}, {"values", "bf16"}},
          {{"name", "quantized-allreduce"}},
          {{"name", "quantized-allreduce"}, {"requantize", false}, {"hierarchy", "shard"}},
          {{"name", "homomorphic"}, {"density", 0.05}},
          {{"name", "homomorphic"}, {"density", 0.05}, {"counters", 2}, {"training", {{"selection", "tensor"}}}},
          {{"name", "loco"}, {"block", 32}, {"training", {{"residual_reset", 4}}}},
          {{"name", "loco"}, {"bits", 8}, {"error_feedback", false}, {"hierarchy", "shard"}},
          {{"name", "cd-sgd"}, {"full_every", 3}, {"training", {{"momentum", 0.9}}}},
          {{"name", "cd-sgd"}, {"full_every", 2}, {"fragments", 2}, {"local_steps", 2}, {"hierarchy", "shard"}},
          {{"name", "top-k"}, {"density", 0.05}, {"two_way", true}, {"training", {{"selection", "tensor"}}}},
          {{"name", "block-quantization"}, {"bits", 3}, {"two_way", true}, {"hierarchy", "shard"}},
          {{"name", "onebit"}, {"two_way", true}, {"server", "rank0"}, {"hierarchy", "leader"}},
          {{"name", "rand-block"}, {"density", 0.05}},
          {{"name", "sidco"}, {"density", 0.05}},
          {{"name", "spardl"}, {"density", 0.05}},
          {{"name", "ok-top-k"}, {"density", 0.05}, {"training", {{"selection", "tensor"}}}},
          {{"name", "spardl"}, {"density", 0.05}, {"hierarchy", "shard"}, {"training", {{"beta", 0.5}}}},
          {{"name", "top-k"}, {"density", 0.05}, {"hierarchy", "shard"}},
          {{"name", "top-k"}, {"density", 0.05}, {"hierarchy", "leader"}},
          {{"name", "ef-signsgd"}, {"hierarchy", "shard"}, {"training", {{"residual_weight", 0.9}}}},
          {{"name", "scalecom"}, {"density", 0.05}, {"hierarchy", "leader"}, {"training", {{"beta", 0.5}}}},
          {{"name", "dgc"}, {"density", 0.05}, {"hierarchy", "leader"}},
          {{"name", "dgc"}, {"density", 0.05}, {"hierarchy", "shard"}},
          {{"name", "sgd"}, {"training", {{"optimizer", "adamw"}, {"learning_rate", 0.01}}}},
          {{"name", "sgd"}, {"local_steps", 3}, {"outer", {{"optimizer", "nesterov"}}}},
          {{"name", "powersgd"}, {"rank", 2}, {"local_steps", 2}, {"training", {{"momentum", 0.9}}}},
          {{"name", "chunked-top-k"}, {"chunk", 64}, {"chunk_keeps", 5}, {"local_steps", 4}, {"hierarchy", "leader"}},
          {{"name", "top-k"},
           {"density", 0.05},
           {"local_steps", 4},
           {"fragments", 3},
           {"delay", 3},
           {"merge_weight", 0.25},
           {"outer", {{"optimizer", "nesterov"}}},
           {"training", {{"optimizer", "adamw"}, {"learning_rate", 0.01}, {"residual_weight", 0.95}}}},
          {{"name", "sparse-signsgd"},
           {"density", 0.05},
           {"collective", "sharded-parameter-server"},
           {"training", {{"learning_rate", 0.01}, {"selection", "tensor"}, {"residual_weight", 0.9}}}}};
}

}  // namespace

TEST_CASE("training: with density 1 what sparsifies is dense sgd, by any collective") {
  const std::vector<float> dense = trained(mlp(5, {{"name", "sgd"}}));
  const std::vector<json> equal = {
      {{"name", "sgd"}, {"collective", "halving-doubling"}},
      {{"name", "sgd"}, {"collective", "tree"}},
      {{"name", "sgd"}, {"collective", "parameter-server"}},
      {{"name", "top-k"}, {"density", 1}},
      {{"name", "top-k"}, {"density", 1}, {"training", {{"selection", "tensor"}}}},
      {{"name", "top-k"}, {"density", 1}, {"training", {{"divide_by", "senders"}}}},
      {{"name", "top-k"}, {"density", 1}, {"collective", "allgather-doubling"}, {"index", "elias-fano"}},
      {{"name", "top-k"}, {"density", 1}, {"two_way", true}},
      {{"name", "gtop-k"}, {"density", 1}},
      {{"name", "scalecom"}, {"density", 1}},
      {{"name", "rand-block"}, {"density", 1}},
      {{"name", "sidco"}, {"density", 1}},
      {{"name", "spardl"}, {"density", 1}},
      {{"name", "ok-top-k"}, {"density", 1}},
      {{"name", "ok-top-k"}, {"density", 1}, {"index", "bitmap"}},
      {{"name", "rand-k"}, {"density", 1}},
      {{"name", "rand-k"}, {"density", 1}, {"error_feedback", false}},
      {{"name", "rand-k"}, {"density", 1}, {"indices", "sent"}},
      {{"name", "gtop-k"}, {"density", 1}, {"training", {{"residual_rule", "exact"}}}}};
  for (const json& method : equal) {
    INFO(method);
    CHECK(difference(trained(mlp(5, method)), dense) < 1e-5);
    json by_tensor = mlp(5, method);
    by_tensor["schedule"] = {{"grouping", "tensor"}};
    CHECK(difference(trained(by_tensor), dense) < 1e-5);
  }
}

TEST_CASE("training: demo decays its momentum and steps by signs, unless it is told otherwise") {
  const auto method_of = [](json method, const json& optimizer = nullptr) {
    method["name"] = "demo";
    json scenario = mlp(2, method);
    if (!optimizer.is_null()) scenario["training"]["optimizer"] = optimizer;
    return Bench(scenario).scenario().training->method;
  };
  CHECK(method_of({}).residual_weight == 0.999);
  CHECK(std::holds_alternative<SignSgd>(method_of({}).optimizer));
  CHECK(std::holds_alternative<AdamW>(method_of({}, "adamw").optimizer));
  const MethodTraining own = method_of({{"training", {{"optimizer", "sgd"}, {"residual_weight", 0.5}}}}, "adamw");
  CHECK(std::holds_alternative<Sgd>(own.optimizer));
  CHECK(own.residual_weight == 0.5);
  CHECK(std::holds_alternative<Sgd>(method_of({{"local_steps", 3}}).optimizer));
}

TEST_CASE("training: one worker is plain gradient descent") {
  const Bench bench(mlp(1, {{"name", "sgd"}}));
  const Classifier classifier(*bench.scenario().model, {1, 12, 12}, 4);
  std::vector<float> parameters = classifier.initial_parameters(1);
  std::vector<std::uint32_t> all(400);
  for (std::uint32_t i = 0; i < 400; ++i) all[i] = i;
  SampleOrder order(all, 1, 0);
  Classifier::Workspace workspace;
  std::vector<float> gradient(parameters.size());
  for (std::uint64_t round = 0; round < 12; ++round) {
    std::vector<float> inputs;
    std::vector<std::uint8_t> labels;
    for (std::uint64_t i = 0; i < 8; ++i) {
      const std::uint32_t sample = order.at(round * 8 + i);
      bench.data().append_image(bench.data().train, sample, inputs);
      labels.push_back(bench.data().train.labels[sample]);
    }
    classifier.differentiate(parameters, {8, inputs}, labels, gradient, workspace);
    for (std::size_t i = 0; i < gradient.size(); ++i) parameters[i] -= 0.1F * gradient[i];
  }
  CHECK(difference(trained(mlp(1, {{"name", "sgd"}})), parameters) < 1e-6);
}

TEST_CASE("training: any number of threads gives the same bytes") {
  for (const json& method : all_methods()) {
    INFO(method);
    const std::vector<float> one = trained(mlp(4, method), 1);
    CHECK(trained(mlp(4, method), 2) == one);
    CHECK(trained(mlp(4, method), 7) == one);
  }
}

TEST_CASE("training: random ties are decided otherwise than as positive") {
  const json positive = {{"name", "signsgd-mv"}, {"training", {{"learning_rate", 0.01}}}};
  json random = positive;
  random["training"]["ties"] = "random";
  CHECK(trained(mlp(4, random), 1) != trained(mlp(4, positive), 1));
  CHECK(trained(mlp(5, random), 1) == trained(mlp(5, positive), 1));
}

TEST_CASE("training: what goes on from a state ends with the same bytes as what was left alone") {
  for (const json& method : all_methods()) {
    INFO(method);
    json scenario = mlp(4, method);
    if (method.contains("density")) {
      scenario["methods"][0]["training"]["density_warmup"] = {{{"rounds", 2}, {"density", 0.5}},
                                                              {{"rounds", 3}, {"density", 0.1}}};
    }
    const Bench bench(scenario);
    Trainer whole = bench.trainer();
    while (!whole.is_done()) whole.step();
    for (const std::int64_t stop : {0, 3, 5, 7, 11}) {
      Trainer first = bench.trainer();
      while (first.round() < stop) first.step();
      Trainer second = bench.trainer();
      second.restore(first.state());
      while (!second.is_done()) second.step();
      CHECK((second.state() == whole.state()));  // bytes, not to be shown
      CHECK(second.curve().size() == 3);
    }
    CHECK_THROWS_AS(whole.restore(whole.state().substr(8)), std::runtime_error);
    CHECK_THROWS_AS(whole.restore(whole.state() + "x"), std::runtime_error);
  }
}

TEST_CASE("training: rows hold bytes and time of all rounds so far") {
  // N = 2984: dense payloads of 4 N bytes, and every round takes the second that the bench says.
  const Bench bench(mlp(3, {{"name", "sgd"}}));
  Trainer trainer = bench.trainer();
  while (!trainer.is_done()) trainer.step();
  REQUIRE(trainer.curve().size() == 3);
  const std::int64_t rounds[] = {5, 10, 12};
  for (std::size_t i = 0; i < 3; ++i) {
    const CurvePoint& row = trainer.curve()[i];
    const double round = static_cast<double>(rounds[i]);
    CHECK(row.round == rounds[i]);
    CHECK(row.uplink_bytes == round * 4 * 2984);
    CHECK(row.downlink_bytes == round * 4 * 2984);
    CHECK(row.simulated_s == Approx(round));
    CurvePoint slower = row;
    slower.simulated_s = 3 * row.simulated_s;
    CHECK(trainer.curve(1)[i] == slower);
    CHECK(row.train_loss > 0);
  }
}

TEST_CASE("training: it learns") {
  json scenario = mlp(4, {{"name", "top-k"}, {"density", 0.05}});
  scenario["training"]["rounds"] = 150;
  const Bench bench(scenario);
  Trainer trainer = bench.trainer(2);
  while (!trainer.is_done()) trainer.step();
  CHECK(trainer.curve().back().test_accuracy > 0.9);
  CHECK(trainer.curve().back().train_loss < trainer.curve().front().train_loss / 2);
}

TEST_CASE("training: momentum of all workers together is that of what they agree on") {
  // Both are linear: the mean of the workers' v is the v of the mean.
  const auto method = [](const char* where) {
    return json{{"name", "sgd"}, {"training", {{"momentum", 0.9}, {"momentum_at", where}}}};
  };
  const std::vector<float> aggregate = trained(mlp(5, method("aggregate")));
  CHECK(difference(trained(mlp(5, method("worker"))), aggregate) < 1e-5);
  CHECK(difference(trained(mlp(5, {{"name", "sgd"}})), aggregate) > 1e-2);
}

TEST_CASE("training: a vote moves every parameter by the learning rate, weight decay by its share of it") {
  json scenario = mlp(4, {{"name", "signsgd-mv"}, {"training", {{"learning_rate", 0.25}, {"weight_decay", 0.5}}}});
  const Bench bench(scenario);
  Trainer trainer = bench.trainer();
  const std::vector<float> before = trainer.parameters();
  trainer.step();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const float vote = (before[i] * (1 - 0.25F * 0.5F) - trainer.parameters()[i]) / 0.25F;
    CHECK(std::abs(vote) == Approx(1).margin(1e-5));
  }
}

TEST_CASE("training: a round of flipped gradients goes back as far as one of the gradients goes on") {
  json scenario = mlp(3, {{"name", "sgd"}});
  const auto step = [](const json& of) {
    const Bench bench(of);
    Trainer trainer = bench.trainer();
    std::vector<float> moved = trainer.parameters();
    trainer.step();
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= trainer.parameters()[i];
    return moved;
  };
  std::vector<float> forward = step(scenario);
  for (float& x : forward) x = -x;
  scenario["training"]["adversaries"] = {{"share", 1}};
  CHECK(difference(step(scenario), forward) < 1e-4);
}

TEST_CASE("learning rates follow their schedules") {
  LearningRate rate{.sizes = {0.8}, .schedule = LearningRate::Constant{}};
  CHECK(rate.factor(7, 10) == 1);
  rate.schedule = LearningRate::Steps{.rounds = {3, 6}, .factor = 0.5};
  CHECK(rate.factor(2, 10) == 1);
  CHECK(rate.factor(3, 10) == 0.5);
  CHECK(rate.factor(9, 10) == 0.25);
  rate.schedule = LearningRate::Cosine{};
  CHECK(rate.factor(0, 10) == 1);
  CHECK(rate.factor(5, 10) == Approx(0.5));
  CHECK(rate.factor(10, 10) == Approx(0).margin(1e-12));
}

TEST_CASE("training: what is held out is neither trained on nor taken from the test set") {
  // Without these samples, and with them for a test set, a training that holds nothing out is the very same.
  json scenario = mlp(4, {{"name", "sgd"}});
  scenario["training"]["split"] = {{"labels_per_worker", 2}};
  scenario["training"]["learning_rate"] = 0.002;  // slow, so that accuracies tell sets apart
  scenario["training"]["validation_share"] = 0.25;
  const Bench bench(scenario);
  Trainer with = bench.trainer();
  scenario["training"]["validation_share"] = 0;
  const Bench plain(scenario);
  const HeldOut parts = hold_out(400, 0.25, 1);
  const Dataset& all = bench.data();
  Dataset rest{.train = {12, 12, {}, {}}, .test = {12, 12, {}, {}}, .classes = 4, .value = all.value};
  const auto move = [&](const std::vector<std::uint32_t>& numbers, Samples& to) {
    for (const std::uint32_t number : numbers) {
      const auto image = all.train.pixels.begin() + number * 144;
      to.pixels.insert(to.pixels.end(), image, image + 144);
      to.labels.push_back(all.train.labels[number]);
    }
  };
  move(parts.train, rest.train);
  move(parts.validation, rest.test);
  Trainer without(plain.scenario(), rest, {1, 0.002}, 1, {[](const PayloadTable&) { return Seconds(1); }},
                  Where{"s.json", ""});
  while (!with.is_done()) {
    with.step();
    without.step();
  }
  CHECK(with.parameters() == without.parameters());
  REQUIRE(with.curve().size() == without.curve().size());
  CHECK(with.curve()[0].test_accuracy != without.curve()[0].test_accuracy);
  for (std::size_t row = 0; row < with.curve().size(); ++row) {
    CHECK(with.curve()[row].validation_accuracy == without.curve()[row].test_accuracy);
    CHECK(without.curve()[row].validation_accuracy == 0);
  }
}

TEST_CASE("training: the step is the size times the schedule's factor") {
  // From the same parameters and gradients, a round moves by twice as much.
  const Bench bench(mlp(4, {{"name", "sgd"}}));
  const auto moved = [&](double step) {
    Trainer trainer(bench.scenario(), bench.data(), {1, step}, 1, {}, Where{"s.json", ""});
    std::vector<float> before = trainer.parameters();
    trainer.step();
    for (std::size_t i = 0; i < before.size(); ++i) before[i] -= trainer.parameters()[i];
    return before;
  };
  std::vector<float> twice = moved(0.125);
  for (float& x : twice) x *= 2;
  CHECK(difference(moved(0.25), twice) < 1e-4);
}

TEST_CASE("training: a loss above that of the first round shows") {
  const auto grows = [](double step) {
    const Bench bench(mlp(2, {{"name", "signsgd-mv"}, {"training", {{"learning_rate", step}}}}));
    Trainer trainer = bench.trainer();
    while (!trainer.is_done()) trainer.step();
    return trainer.curve().back().has_grown();
  };
  CHECK_FALSE(grows(0.001));
  CHECK(grows(1));  // every parameter by 1 a round
}

TEST_CASE("training: what diverges says so") {
  json scenario = mlp(2, {{"name", "sgd"}, {"training", {{"learning_rate", 1e6}}}});
  scenario["training"]["rounds"] = 100;
  const Bench bench(scenario);
  Trainer trainer = bench.trainer();
  CHECK_THROWS_AS(
      [&] {
        while (!trainer.is_done()) trainer.step();
      }(),
      NonFiniteError);
}

TEST_CASE("training: models and splits that do not go with the data are mistakes of the scenario") {
  const auto complaint = [](const json& scenario) -> std::string {
    const Bench bench(scenario);
    try {
      bench.trainer();
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  json scenario = mlp(4, {{"name", "sgd"}});
  CHECK(complaint(scenario).empty());
  scenario["training"]["split"] = {{"labels_per_worker", 1}};
  CHECK(complaint(scenario).empty());
  scenario["training"]["split"] = {{"labels_per_worker", 3}};
  CHECK(complaint(scenario) == "s.json: training.split: 3 labels a worker, of 4; accepted: a divisor of 4");
  scenario["training"]["split"] = "iid";
  scenario["model"]["tensors"][0]["shape"] = {20, 784};
  CHECK_THAT(complaint(scenario),
             Catch::StartsWith("s.json: model: fc1.weight takes 784 inputs, there are 144; accepted: "));
}

}  // namespace simrun::trainings
