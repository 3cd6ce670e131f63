// The laws of workers with models of their own that exchange rarely.

#include "sim/training/local_training.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/training/plain_training.hpp"

namespace simrun::trainings {
namespace {

/// Workers that are moved by hand, from parameters that are all zero.
class Moved {
 public:
  explicit Moved(const json& method)
      : bench_(mlp(3, method)), outer_(2984), local_(bench_.scenario(), 1, 1, outer_), steps_(0) {}

  /// Each worker steps by 1, 2 or 3 times `by` everywhere, against the gradient. Returns whether something is sent.
  bool step(float by) {
    for (std::size_t worker = 0; worker < 3; ++worker) {
      const std::vector<float> gradient(outer_.size(), by * static_cast<float>(worker + 1));
      local_.step(worker, gradient, 1);
    }
    return local_.exchange(++steps_, std::nullopt, outer_) != nullptr;
  }

  const std::vector<float>& outer() const { return outer_; }
  float own(std::size_t worker) const { return local_.parameters_of(worker).front(); }

 private:
  Bench bench_;
  std::vector<float> outer_;
  LocalTraining local_;
  std::int64_t steps_;
};

std::vector<float> all(float value) {
  return std::vector<float>(2984, value);
}

const json plain_sgd = {{"optimizer", "sgd"}};
const json nesterov = {{"optimizer", "nesterov"}};

}  // namespace

TEST_CASE("local training: averaging parameters in every step is averaging gradients") {
  // The mean of theta - rate g is theta - rate times the mean of g. Each difference of parameters that is sent has an
  // error of half a unit in the last place of theta, 2^-25 of the largest, and 12 rounds add up to less than 1e-6.
  const std::vector<float> gradients = trained(mlp(5, {{"name", "sgd"}}));
  for (json method : std::vector<json>{{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 1}}}) {
    method["outer"] = plain_sgd;
    CHECK(difference(trained(mlp(5, method)), gradients) < 1e-6);
  }
}

TEST_CASE("local training: an outer optimiser of rate 1 without momentum averages parameters") {
  const json method = {{"name", "sgd"}, {"local_steps", 4}};
  json outer = method;
  outer["outer"] = plain_sgd;
  CHECK(trained(mlp(3, outer)) == trained(mlp(3, method)));
  outer["outer"] = nesterov;
  CHECK(difference(trained(mlp(3, outer)), trained(mlp(3, method))) > 1e-3);
}

TEST_CASE("local training: one worker without an outer optimiser trains as if it were alone") {
  const json own = {{"momentum", 0.9}};
  json method = {{"name", "sgd"}, {"local_steps", 4}, {"training", own}};
  CHECK(difference(trained(mlp(1, method)), trained(mlp(1, {{"name", "sgd"}, {"training", own}}))) < 1e-6);
}

TEST_CASE("local training: as a plain implementation in doubles has it") {
  const json adamw = {{"optimizer", {{"adamw", {{"beta2", 0.9}}}}}, {"weight_decay", 0.1}, {"learning_rate", 0.01}};
  const json momentum = {{"momentum", 0.9}, {"weight_decay", 0.1}};
  const json half = {{"optimizer", "nesterov"}, {"learning_rate", 0.4}, {"momentum", 0.5}};
  const std::vector<json> methods = {
      {{"local_steps", 3}},
      {{"local_steps", 3}, {"outer", nesterov}},
      {{"local_steps", 3}, {"outer", {{"optimizer", "sgd"}, {"momentum", 0.5}}}, {"training", momentum}},
      {{"local_steps", 4}, {"outer", nesterov}, {"training", adamw}},
      {{"local_steps", 4}, {"fragments", 2}, {"outer", half}, {"training", adamw}},
      {{"local_steps", 5}, {"fragments", 2}, {"delay", 2}, {"outer", half}},
      {{"local_steps", 4}, {"fragments", 2}, {"delay", 3}, {"merge_weight", 0.25}, {"outer", half}},
      {{"local_steps", 3}, {"delay", 3}, {"merge_weight", 0.5}},
      {{"name", "cd-sgd"}, {"full_every", 1}},
      {{"name", "cd-sgd"}, {"full_every", 1}, {"training", momentum}},
      {{"name", "cd-sgd"}, {"full_every", 1}, {"local_steps", 3}, {"delay", 3}, {"outer", half}},
      {{"name", "cd-sgd"}, {"full_every", 1}, {"local_steps", 4}, {"fragments", 2}, {"merge_weight", 0.25}}};
  for (json method : methods) {
    INFO(method);
    if (!method.contains("name")) method["name"] = "sgd";
    const json scenario = softmax(3, method);
    CHECK(difference(trained(scenario), PlainTraining(Bench(scenario)).trained()) < 1e-5);
  }
  // Nor is the plain implementation blind to what it is told.
  const json scenario = softmax(3, {{"name", "sgd"}, {"local_steps", 3}});
  const json other = softmax(3, {{"name", "sgd"}, {"local_steps", 4}});
  CHECK(difference(trained(scenario), PlainTraining(Bench(other)).trained()) > 1e-3);
}

TEST_CASE("local training: workers step by themselves until they exchange") {
  Moved moved({{"name", "sgd"}, {"local_steps", 3}});
  CHECK_FALSE(moved.step(1));
  CHECK_FALSE(moved.step(1));
  CHECK(moved.outer() == all(0));
  CHECK(moved.own(2) == -6);
  CHECK(moved.step(1));
  CHECK(moved.outer() == all(-6));  // the mean of -3, -6 and -9
  for (std::size_t worker = 0; worker < 3; ++worker) CHECK(moved.own(worker) == -6);
}

TEST_CASE("local training: what is delayed arrives so many steps later, and undoes them") {
  Moved moved({{"name", "sgd"}, {"local_steps", 3}, {"delay", 2}});
  for (int step = 0; step < 4; ++step) moved.step(1);
  CHECK(moved.outer() == all(0));
  moved.step(1);
  CHECK(moved.outer() == all(-6));
  CHECK(moved.own(0) == -6);
  moved.step(1);  // which sends that each has come 1, 2 and 3 from there
  moved.step(0);
  moved.step(0);
  CHECK(moved.outer() == all(-8));
}

TEST_CASE("local training: the merge weight is the share of a worker's own parameters") {
  for (const double weight : {0.0, 0.25, 1.0}) {
    Moved moved({{"name", "sgd"}, {"local_steps", 2}, {"merge_weight", weight}});
    moved.step(1);
    moved.step(1);
    CHECK(moved.outer() == all(-4));
    for (std::size_t worker = 0; worker < 3; ++worker) {
      const double own = -2.0 * static_cast<double>(worker + 1);
      CHECK(moved.own(worker) == Approx(weight * own - (1 - weight) * 4));
    }
  }
}

TEST_CASE("local training: kept steps are added to what arrives, and no step is sent twice") {
  Moved moved({{"name", "cd-sgd"}, {"full_every", 1}});
  for (int step = 1; step <= 4; ++step) {
    CHECK(moved.step(1));
    CHECK(moved.outer() == all(-2.0F * static_cast<float>(step - 1)));  // the mean of -1, -2 and -3, a step ago
    for (std::size_t worker = 0; worker < 3; ++worker)
      CHECK(moved.own(worker) == moved.outer().front() - static_cast<float>(worker + 1));
  }
}

TEST_CASE("local training: every so many-th exchange is dense, the others leave a residual") {
  json scenario = mlp(3, {{"name", "cd-sgd"}, {"block", 256}, {"delay", 0}, {"full_every", 3}});
  const Bench bench(scenario);
  std::vector<float> outer(2984);
  LocalTraining local(bench.scenario(), 1, 1, outer);
  for (std::int64_t step = 1; step <= 7; ++step) {
    INFO(step);
    const std::vector<float> before = outer;
    std::vector<float> gradient(outer.size());
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = static_cast<float>(i % 8);
    for (std::size_t worker = 0; worker < 3; ++worker) local.step(worker, gradient, 1);
    const GradientExchange* exchange = local.exchange(step, std::nullopt, outer);
    REQUIRE(exchange != nullptr);
    const bool is_full = step % 3 == 0;
    // A header, the scales of 12 blocks, and 187 words of 16 elements.
    CHECK(exchange->payload_bytes() == (is_full ? 4 * 2984 : 32 + 4 * 12 + 4 * 187));
    bool is_exact = true;
    for (std::size_t i = 0; i < outer.size(); ++i) is_exact &= outer[i] == before[i] - gradient[i];
    CHECK(is_exact == is_full);
  }
}

TEST_CASE("local training: after H steps every parameter was exchanged once") {
  for (const json& grouping : std::vector<json>{"model", "tensor"}) {
    for (const std::int64_t fragments : {1, 2, 3, 4}) {
      json scenario = mlp(3, {{"name", "sgd"}, {"local_steps", 6}, {"fragments", fragments}});
      scenario["schedule"] = {{"grouping", grouping}};
      const Bench bench(scenario);
      std::vector<float> outer(2984);
      LocalTraining local(bench.scenario(), 1, 1, outer);
      double bytes = 0;
      std::int64_t next = 1;
      std::vector<int> exchanged(outer.size());
      for (std::int64_t step = 1; step <= 6; ++step) {
        const std::vector<float> before = outer;
        for (std::size_t worker = 0; worker < 3; ++worker) local.step(worker, all(1), 1);
        const GradientExchange* exchange = local.exchange(step, std::nullopt, outer);
        CHECK((exchange != nullptr) == (step == 6 * next / fragments));
        if (exchange != nullptr) {
          bytes += exchange->payload_bytes();
          ++next;
        }
        for (std::size_t i = 0; i < outer.size(); ++i) exchanged[i] += outer[i] != before[i] ? 1 : 0;
      }
      CHECK(std::ranges::count(exchanged, 1) == 2984);
      CHECK(bytes == 4 * 2984);
      CHECK(local.payloads().mean_bytes(3, 3) == bytes);
    }
  }
}

TEST_CASE("local training: rows have the bytes of what was exchanged so far, and the mean time of a step") {
  json scenario = mlp(3, {{"name", "sgd"}, {"local_steps", 4}});
  scenario["training"]["evaluate_every"] = 3;
  const Bench bench(scenario);
  Trainer trainer = bench.trainer();
  while (!trainer.is_done()) trainer.step();
  REQUIRE(trainer.curve().size() == 4);
  const double exchanges[] = {0, 1, 2, 3};
  for (std::size_t row = 0; row < 4; ++row) {
    CHECK(trainer.curve()[row].uplink_bytes == exchanges[row] * 4 * 2984);
    CHECK(trainer.curve()[row].downlink_bytes == exchanges[row] * 4 * 2984);
    CHECK(trainer.curve()[row].simulated_s == static_cast<double>(trainer.curve()[row].round));
    CHECK(trainer.curve(1)[row].simulated_s == 3 * static_cast<double>(trainer.curve()[row].round));
  }
  CHECK(trainer.curve()[0].test_accuracy == Approx(0.25).margin(0.2));  // nothing was exchanged
  CHECK(trainer.curve()[1].test_accuracy != trainer.curve()[0].test_accuracy);
}

TEST_CASE("local training: adversaries send how far they have not come") {
  json scenario = mlp(3, {{"name", "sgd"}, {"local_steps", 4}});
  scenario["training"]["rounds"] = 4;
  const auto moved = [](const json& of) {
    const Bench bench(of);
    Trainer trainer = bench.trainer();
    std::vector<float> from = trainer.parameters();
    while (!trainer.is_done()) trainer.step();
    for (std::size_t i = 0; i < from.size(); ++i) from[i] -= trainer.parameters()[i];
    return from;
  };
  std::vector<float> forward = moved(scenario);
  for (float& x : forward) x = -x;
  scenario["training"]["adversaries"] = {{"share", 1}};
  CHECK(difference(moved(scenario), forward) < 1e-4);
}

TEST_CASE("local training: it learns, and what diverges between exchanges says so") {
  json scenario = mlp(4, {{"name", "chunked-top-k"}, {"chunk", 64}, {"chunk_keeps", 4}, {"local_steps", 10}});
  scenario["methods"][0]["outer"] = {{"optimizer", "sgd"}};
  scenario["training"]["rounds"] = 150;
  const Bench bench(scenario);
  Trainer trainer = bench.trainer(2);
  while (!trainer.is_done()) trainer.step();
  CHECK(trainer.curve().back().test_accuracy > 0.9);
  scenario["methods"][0]["local_steps"] = 150;
  scenario["training"]["learning_rate"] = 1e6;
  const Bench diverging(scenario);
  Trainer other = diverging.trainer();
  CHECK_THROWS_AS(
      [&] {
        while (other.round() < 149) other.step();
      }(),
      NonFiniteError);
}

}  // namespace simrun::trainings
