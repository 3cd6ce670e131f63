// Rounds until a target, from curves of training.

#include "sim/answers/learning_curves.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/text/error.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

Scenario of_method(const nlohmann::json& method) {
  const TemporaryFolder folder;
  nlohmann::json scenario = tiny_scenario();
  scenario["methods"] = {method};
  return study_of(scenario, folder).points.front().scenario;
}

PlanTarget accuracy(double value) {
  PlanTarget target;
  target.accuracy = value;
  return target;
}

}  // namespace

TEST_CASE("learning curves: the median of the seeds, of the step size that gets there first") {
  const TemporaryFolder folder;
  const std::string file = folder.write("c.csv",
                                        "method,density,workers,seed,learning_rate,round,accuracy,loss\n"
                                        "sgd,,4,1,0.1,100,0.5,2\n"
                                        "sgd,,4,1,0.1,200,0.8,1\n"
                                        "sgd,,4,2,0.1,100,0.8,1\n"
                                        "sgd,,4,3,0.1,300,0.9,1\n"
                                        "sgd,,4,1,0.3,50,0.1,9\n"  // never
                                        "sgd,,8,1,0.1,10,0.9,1\n"  // other workers
                                        "top-k,0.01,4,1,0.1,400,0.8,1\n"
                                        "top-k,0.1,4,1,0.1,40,0.7,1\n");
  const LearningCurves curves(file, accuracy(0.8));
  const auto sgd = curves.rounds(of_method({{"name", "sgd"}}));
  REQUIRE(sgd);
  CHECK(sgd->median == 200);
  CHECK(sgd->least == 100);
  CHECK(sgd->most == 300);
  CHECK(sgd->seeds == 3);
  CHECK(curves.rounds(of_method(top_k))->median == 400);  // 10 of 1000
  CHECK(std::isinf(curves.rounds(of_method({{"name", "top-k"}, {"density", 0.1}}))->median));
  CHECK_FALSE(curves.rounds(of_method({{"name", "top-k"}, {"density", 0.2}})));
  CHECK_FALSE(curves.rounds(of_method({{"name", "signsgd-mv"}})));
  PlanTarget loss;
  loss.loss = 1;
  CHECK(LearningCurves(file, loss).rounds(of_method({{"name", "sgd"}}))->median == 200);
  CHECK(curves.densities() == std::vector<double>{0.01, 0.1});
}

TEST_CASE("learning curves: seeds that do not reach the target count for the median, not for the spread") {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("c.csv", "method,seed,round,accuracy\nsgd,1,0,0.9\nsgd,2,50,0.9\nsgd,3,99,0.1\n");
  const auto rounds = LearningCurves(file, accuracy(0.8)).rounds(of_method({{"name", "sgd"}}));
  CHECK(rounds->median == 50);
  CHECK(rounds->least == 1);  // before the first round nothing is trained
  CHECK(rounds->most == 50);
  CHECK(rounds->reached == 2);
  CHECK(rounds->seeds == 3);
}

TEST_CASE("learning curves: what training writes, but for step sizes that were not the best") {
  const TemporaryFolder folder;
  folder.write("curves.csv",
               "method,workers,k,density,seed,round,train_loss,test_accuracy,best\n"
               "sgd,4,,,1,100,1,0.8,true\nsgd,4,,,1,50,1,0.8,false\n");
  CHECK(LearningCurves(folder.path(), accuracy(0.8)).rounds(of_method({{"name", "sgd"}}))->median == 100);
}

TEST_CASE("learning curves: mistakes are told with their line") {
  const TemporaryFolder folder;
  const auto mistake = [&](const std::string& text) -> std::string {
    const std::string file = folder.write("c.csv", text);
    try {
      LearningCurves(file, accuracy(0.8));
    } catch (const InputError& error) {
      return std::string(error.what()).substr(file.size() + 2);
    }
    return "";
  };
  CHECK(mistake("method,round,accuracy\nsdg,1,0.1\n") ==
        "line 2: there is no method \"sdg\"; accepted: a method, see simrun list methods");
  CHECK(mistake("method,accuracy\nsgd,0.1\n") == "line 2: round is missing; accepted: a whole number of rounds");
  CHECK(mistake("method,round,accuracy\nsgd,-1,0.1\n") == "line 2: round is -1; accepted: a whole number of rounds");
  CHECK(mistake("method,round,accuracy\nsgd,1,86.5\n") ==
        "line 2: the accuracy is 86.5; accepted: a share from 0 to 1");
  CHECK(mistake("method,dencity,round,accuracy\ntop-k,0.1,1,0.5\n") ==
        "line 2: top-k has neither density nor k; accepted: one of the two columns");
  CHECK(
      mistake("method,round,accuracy\nsgd,1,0.1\nsgd,1,0.2\n") ==
      "line 3: round 1 of this training stands there twice; accepted: a column that tells trainings apart, like seed");
  CHECK(mistake("method,round,loss\nsgd,1,0.1\n") ==
        "line 1: there is no accuracy; accepted: a column accuracy or test_accuracy");
}

}  // namespace simrun
