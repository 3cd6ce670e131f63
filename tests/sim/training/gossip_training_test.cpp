// The laws of workers that exchange models with their neighbours.

#include "sim/training/gossip_training.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/sim/training/trainings.hpp"

namespace simrun::trainings {
namespace {

/// Workers that are moved by hand, from parameters that are all zero.
class Gossiping {
 public:
  Gossiping(std::size_t workers, const json& method)
      : bench_(mlp(workers, method)), gossip_(bench_.scenario(), 1, 1, std::vector<float>(2984)) {}

  /// Worker w gets the parameter i by which it differs from all others.
  void scatter(std::size_t workers) {
    for (std::size_t w = 0; w < workers; ++w) {
      std::vector<float> gradient(2984);
      for (std::size_t i = 0; i < gradient.size(); ++i)
        gradient[i] = static_cast<float>(std::sin(static_cast<double>(i * (w + 1)) + static_cast<double>(w)));
      gossip_.step(w, gradient, 1);
    }
  }

  double exchange() {
    gossip_.exchange(steps_++);
    return distance();
  }

  double distance() {
    mean_.resize(2984);
    return gossip_.find_mean(mean_);
  }

  const std::vector<float>& mean() const { return mean_; }
  GossipTraining& gossip() { return gossip_; }

 private:
  Bench bench_;
  GossipTraining gossip_;
  std::vector<float> mean_;
  std::int64_t steps_ = 0;
};

const json star_of_four = {{"edges", {{0, 1}, {0, 2}, {3, 0}}}};
const json path_of_three = {{"edges", {{0, 1}, {1, 2}}}};

}  // namespace

TEST_CASE("gossip: the mean of all models stays as it is, and they come together") {
  for (const auto& [graph, workers] : std::vector<std::pair<json, unsigned>>{
           {"ring", 2}, {"ring", 5}, {"torus", 9}, {"complete", 4}, {star_of_four, 4}, {path_of_three, 3}}) {
    INFO(graph << " of " << workers);
    Gossiping all(workers, {{"name", "powergossip"}, {"graph", graph}});
    all.scatter(workers);
    const double first = all.distance();
    const std::vector<float> mean = all.mean();
    double last = first;
    for (int step = 0; step < 40; ++step) last = all.exchange();
    CHECK(last < 0.8 * first);
    CHECK(difference(all.mean(), mean) < 1e-5);
  }
}

TEST_CASE("gossip: a rank by which no matrix gains is plain gossip, x <- W x") {
  // On a ring of 3 with weights of 1/3 all have the mean at once; on one of 5 the distance shrinks at least by the
  // second eigenvalue of W, (1 + 2 cos(2 pi / 5)) / 3 = 0.539.
  Gossiping three(3, {{"name", "powergossip"}, {"rank", 1024}});
  three.scatter(3);
  CHECK(three.exchange() < 1e-5);
  Gossiping five(5, {{"name", "powergossip"}, {"rank", 1024}});
  five.scatter(5);
  double before = five.distance();
  for (int step = 0; step < 10; ++step) {
    const double after = five.exchange();
    CHECK(after < 0.5394 * before);
    before = after;
  }
}

TEST_CASE("gossip: an edge weighs as the end that has more neighbours says") {
  // Complete graphs have the mean at once. On a path of 3 all weights are 1/3, on a star of 4 they are 1/4: distances
  // shrink at least by the second eigenvalue of W, 2/3 and 3/4, and from what the hub has no part in by just that.
  Gossiping complete(4, {{"name", "powergossip"}, {"rank", 1024}, {"graph", "complete"}});
  complete.scatter(4);
  CHECK(complete.exchange() < 1e-5);
  for (const auto& [graph, workers, eigenvalue] : {std::tuple{path_of_three, 3U, 2.0 / 3}, {star_of_four, 4U, 0.75}}) {
    INFO(graph);
    Gossiping all(workers, {{"name", "powergossip"}, {"rank", 1024}, {"graph", graph}});
    all.scatter(workers);
    double before = all.distance();
    double shrinks = 0;
    for (int step = 0; step < 8; ++step) {
      const double after = all.exchange();
      shrinks = after / before;
      CHECK(shrinks < eigenvalue + 1e-4);
      before = after;
    }
    CHECK(shrinks > eigenvalue - 1e-4);
  }
}

TEST_CASE("gossip: a worker sends what an edge takes to each neighbour, in the mean of all workers") {
  const auto bytes = [](std::size_t workers, const json& graph, std::int64_t step) {
    return Gossiping(workers, {{"name", "powergossip"}, {"graph", graph}}).gossip().bytes_in(step);
  };
  for (const std::int64_t step : {0, 1}) {
    const double edge = bytes(2, "ring", step);
    CHECK(edge > 0);
    CHECK(edge < 4 * 2984);
    CHECK(bytes(1, "ring", step) == 0);
    CHECK(bytes(5, "ring", step) == 2 * edge);
    CHECK(bytes(9, "torus", step) == 4 * edge);
    CHECK(bytes(9, "complete", step) == 8 * edge);
    CHECK(bytes(4, star_of_four, step) == 1.5 * edge);  // the mean of 3 and three times 1
  }
  Gossiping ring(5, {{"name", "powergossip"}});
  CHECK(ring.gossip().payloads().mean_bytes(1, 5) == (ring.gossip().bytes_in(0) + ring.gossip().bytes_in(1)) / 2);
}

TEST_CASE("gossip: one worker trains as if it were alone") {
  CHECK(difference(trained(mlp(1, {{"name", "powergossip"}})), trained(mlp(1, {{"name", "sgd"}}))) < 1e-6);
}

}  // namespace simrun::trainings
