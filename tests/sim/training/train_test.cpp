// `simrun train` as users run it.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <sstream>

#include "sim/training/curves.hpp"
#include "tests/sim/studies.hpp"
#include "tests/sim/training/images.hpp"

namespace simrun {
namespace {

using nlohmann::json;

json small_training() {
  json scenario = tiny_scenario();
  scenario["model"] = {
      {"name", "softmax"},
      {"tensors", {{{"name", "fc.weight"}, {"shape", {4, 144}}}, {{"name", "fc.bias"}, {"shape", {4}}}}}};
  scenario["training"] = {{"data", "./images"}, {"rounds", 20}, {"evaluate_every", 10}, {"seeds", {1, 2}}};
  scenario["methods"] = {{{"name", "sgd"}},
                         {{"name", "sparse-signsgd"}, {"density", 0.1}, {"training", {{"learning_rate", 0.01}}}}};
  return scenario;
}

Ended train(const TemporaryFolder& folder, const json& scenario, const std::string& options = "") {
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("train s.json --format csv " + options, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  return run;
}

/// A row of a curve.
CurvePoint row(std::int64_t round, double accuracy, double bytes, double seconds) {
  return {.round = round,
          .train_loss = 1,
          .test_accuracy = accuracy,
          .uplink_bytes = bytes,
          .downlink_bytes = 0,
          .simulated_s = seconds,
          .first_loss = 2};
}

/// A run that ended after round 20.
TrainingRun ended(std::size_t point, std::uint64_t seed, double step, double validation, double accuracy) {
  CurvePoint last = row(20, accuracy, 100, 1);
  last.validation_accuracy = validation;
  return {.point = point, .seed = seed, .step = step, .curve = {last}};
}

std::string result(const TemporaryFolder& folder, const std::string& file) {
  return read_file(folder.path() + "/results/s-trained/" + file);
}

}  // namespace

TEST_CASE("train: a row for each evaluation, a summary for each point") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["sweep"] = {{"training.split", {"iid", {{"labels_per_worker", 1}}}}};
  const Ended run = train(folder, scenario);
  CHECK(run.out == read_file(folder.path() + "/results/s-trained/curves.csv"));
  CHECK(run.out.starts_with(
      "method,workers,k,density,seed,round,train_loss,test_accuracy,uplink_bytes,downlink_bytes,"
      "simulated_s,entry,index,error_feedback,model,learning_rate,validation_accuracy,diverged,best,estimated_share,"
      "consensus_distance,training.split,label\n"));
  const auto rows = parse_csv(run.out);
  REQUIRE(rows.size() == 2 * 2 * 2 * 2);  // splits, methods, seeds, evaluations
  CHECK(rows[0].at("method") == "sgd");
  CHECK(rows[0].at("k").empty());
  CHECK(rows[4].at("k") == "58");
  CHECK(rows[4].at("index") == "raw32");
  CHECK(rows[4].at("label") == "sparse-signsgd");
  CHECK(rows[3].at("seed") == "2");
  CHECK(rows[3].at("round") == "20");
  CHECK(rows[12].at("training.split") == R"("{""labels_per_worker"":1}")");
  CHECK(number(rows[1], "uplink_bytes") == 20 * 4 * 580);
  const auto summary = parse_csv(read_file(folder.path() + "/results/s-trained/summary.csv"));
  REQUIRE(summary.size() == 4);
  CHECK(number(summary[0], "accuracy") ==
        Approx((number(rows[1], "test_accuracy") + number(rows[3], "test_accuracy")) / 2));
  CHECK(json::parse(read_file(folder.path() + "/results/s-trained/training.json"))["data"][0]["train"] == 400);
}

TEST_CASE("train: a round takes as long as an iteration of the simulation with payloads of that size") {
  const TemporaryFolder folder;
  write_images(folder);
  const json scenario = small_training();
  const auto rows = parse_csv(train(folder, scenario).out);
  const Ended simulated = run_program("s.json --format csv", folder.path());
  REQUIRE(simulated.status == 0);
  // Sizes of dense payloads do not depend on values.
  CHECK(number(rows[1], "simulated_s") == Approx(20 * number(parse_csv(simulated.out)[0], "iteration_s")));
  // Replies to sparse votes do.
  CHECK(number(rows[5], "simulated_s") > number(rows[4], "simulated_s"));
}

TEST_CASE("train: of workers with models of their own a round takes as long as a step of the simulation") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["training"]["seeds"] = {1};
  scenario["methods"] = {
      {{"name", "sgd"}, {"local_steps", 5}},
      {{"name", "diloco"}, {"local_steps", 5}, {"fragments", 2}, {"delay", 1}, {"training", {{"optimizer", "adamw"}}}},
      {{"name", "top-k"}, {"density", 0.1}, {"index", "elias-fano"}, {"local_steps", 20}}};
  const auto rows = parse_csv(train(folder, scenario).out);
  const auto points = parse_csv(run_program("s.json --format csv", folder.path()).out);
  REQUIRE(rows.size() == 6);
  for (std::size_t point = 0; point < 2; ++point) {
    CHECK(number(rows[2 * point], "uplink_bytes") == 2 * 4 * 580);  // of ten rounds, two exchanges
    CHECK(number(rows[2 * point + 1], "simulated_s") == Approx(20 * number(points[point], "iteration_s")));
  }
  // Before the first exchange nothing was sent, but rounds have taken their time.
  CHECK(number(rows[4], "uplink_bytes") == 0);
  CHECK(number(rows[5], "uplink_bytes") > 0);
  CHECK(number(rows[4], "simulated_s") == Approx(number(rows[5], "simulated_s") / 2));
}

TEST_CASE("train: the bytes do not depend on the threads, and what is done is taken over") {
  const TemporaryFolder folder;
  write_images(folder);
  const Ended one = train(folder, small_training(), "-j 1 -o one");
  const Ended three = train(folder, small_training(), "-j 3 -o three");
  CHECK(one.out == three.out);
  json more = small_training();
  more["training"]["seeds"] = {2, 1, 3};
  more["training"]["target_accuracy"] = 0.5;
  CHECK(train(folder, more, "-o one").err.ends_with("results in one: 6 runs, 4 of them from before\n"));
  CHECK(train(folder, more, "-o one --fresh").err.ends_with("results in one: 6 runs\n"));
  more["training"]["learning_rate"] = 0.2;  // of sgd alone, the other has one of its own
  CHECK(train(folder, more, "-o one").err.ends_with("results in one: 6 runs, 3 of them from before\n"));
}

TEST_CASE("train: points that differ in their cluster alone are trained once, and are what each would be alone") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["training"]["save_gradients"] = {5};
  json swept = scenario;
  swept["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Mbps"}}, {"compute.forward", {"4 ms", "5 ms"}}};
  const Ended all = train(folder, swept, "-o all");
  CHECK_THAT(all.err, Catch::EndsWith("results in all: 16 runs, 12 of them trained with another\n"));
  const auto rows = parse_csv(all.out);
  const std::vector<std::string> same = {
      "method",       "workers",        "k",          "seed", "round", "train_loss", "test_accuracy",
      "uplink_bytes", "downlink_bytes", "simulated_s"};
  std::size_t at = 0;
  for (const char* forward : {"4 ms", "5 ms"}) {  // keys in the order in which nlohmann sorts them
    for (const char* bandwidth : {"1 Gbps", "10 Mbps"}) {
      scenario["network"]["bandwidth"] = bandwidth;
      scenario["compute"]["forward"] = forward;
      for (const auto& row : parse_csv(train(folder, scenario, "-o alone --fresh").out)) {
        INFO(bandwidth << " " << forward);
        CHECK(rows[at].at("network.bandwidth") == bandwidth);
        for (const std::string& column : same) CHECK(rows[at].at(column) == row.at(column));
        ++at;
      }
    }
  }
  CHECK(at == rows.size());
  for (const char* run : {"0000-sgd-seed1", "0007-sparse-signsgd-seed2"})
    CHECK_FALSE(read_file(folder.path() + "/all/gradients/" + run + "-round5/worker-3.npy").empty());
  swept["sweep"]["network.bandwidth"] = {"1 Gbps", "10 Mbps", "20 Mbps"};
  CHECK_THAT(train(folder, swept, "-o all").err,
             Catch::EndsWith("results in all: 24 runs, 16 of them from before, 4 of them trained with another\n"));
}

TEST_CASE("train: with the gradients that a round has saved the simulation sends that round's bytes") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["schedule"] = {{"grouping", "tensor"}};
  scenario["training"] = {{"data", "./images"}, {"rounds", 7}, {"evaluate_every", 1}, {"save_gradients", {1, 7}}};
  scenario["methods"] = {{{"name", "top-k"}, {"density", 0.1}, {"index", "delta"}},
                         {{"name", "sparse-signsgd"}, {"density", 0.1}, {"training", {{"learning_rate", 0.01}}}}};
  const auto rows = parse_csv(train(folder, scenario, "-o out").out);
  for (const std::size_t method : {0U, 1U}) {
    for (const std::size_t round : {1U, 7U}) {
      json same = scenario;
      same["methods"] = json::array({scenario["methods"][method]});
      const std::string name = method == 0 ? "out/gradients/0000-top-k" : "out/gradients/0001-sparse-signsgd";
      same["gradients"] = {{"source", "training"}, {"folder", name + "-seed1-round" + std::to_string(round)}};
      folder.write("same.json", same.dump());
      const Ended run = run_program("same.json --format csv", folder.path());
      INFO(run.err);
      REQUIRE(run.status == 0);
      const auto at = [&](const char* column) {  // sums over the rounds so far, so differences are a round's
        const std::size_t row = method * 7 + round - 1;
        return number(rows[row], column) - (round == 1 ? 0 : number(rows[row - 1], column));
      };
      CHECK(number(parse_csv(run.out)[0], "payload_bytes") == at("uplink_bytes"));
      CHECK(number(parse_csv(run.out)[0], "result_bytes") == at("downlink_bytes"));
    }
  }
}

TEST_CASE("train: a table with long labels and swept columns fits a page") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["methods"] = {{{"name", "sparse-signsgd"}, {"density", 0.1}, {"collective", "sharded-parameter-server"}}};
  scenario["training"]["seeds"] = {1};
  scenario["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Gbps"}}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("train s.json", folder.path());
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, Catch::Contains("\n  sharded-parameter-server\n"));
  CHECK_THAT(run.out, Catch::Contains("network.bandwidth\n"));
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 120);
}

TEST_CASE("train: what diverges is a failed run; the others have their rows") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["methods"][0]["training"] = {{"learning_rate", 1e6}, {"weight_decay", 1e6}};
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("train s.json --format csv", folder.path());
  CHECK(run.status == 1);
  CHECK_THAT(run.err, Catch::Contains("failed: sgd, 4 workers, seed 1: diverged after round "));
  const auto summary = parse_csv(read_file(folder.path() + "/results/s-trained/summary.csv"));
  REQUIRE(summary.size() == 2);
  CHECK(summary[0].at("method") == "sgd");
  CHECK(summary[0].at("accuracy").empty());
  CHECK(summary[0].at("diverged") == "2");
  CHECK(summary[1].at("diverged") == "0");
  CHECK_FALSE(summary[1].at("accuracy").empty());
  const Ended again = run_program("train s.json --format csv", folder.path());
  CHECK(again.status == 1);
  CHECK(again.out == run.out);
  CHECK_THAT(again.err, Catch::EndsWith("4 runs, 4 of them from before\n"));
}

TEST_CASE("train: each step size of a list is trained, the best on validation data is reported, all are listed") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["training"]["tuning_seeds"] = 1;
  scenario["training"]["learning_rate"] = {0.0001, 0.1, 1e6};
  scenario["methods"][0]["training"] = {{"weight_decay", 0.001}};
  const auto rows = parse_csv(train(folder, scenario).out);
  // sgd: three step sizes with seed 1, one with seed 2; sparse-signsgd, which has but one, with both; two rows each.
  const auto steps = parse_csv(result(folder, "steps.csv"));
  REQUIRE(steps.size() == 3 + 1);
  std::size_t best = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(steps[i].at("seeds") == "1");
    CHECK(number(steps[i], "learning_rate") == (std::vector{0.0001, 0.1, 1e6})[i]);
    CHECK(steps[i].at("diverged") == (i == 2 ? "1" : "0"));
    if (i < 2 && number(steps[i], "validation_accuracy") > number(steps[best], "validation_accuracy")) best = i;
  }
  CHECK(best == 1);
  for (std::size_t i = 0; i < 3; ++i) CHECK(steps[i].at("best") == (i == best ? "true" : "false"));
  const auto summary = parse_csv(result(folder, "summary.csv"));
  REQUIRE(summary.size() == 2);
  CHECK(number(summary[0], "learning_rate") == 0.1);
  CHECK(summary[0].at("seeds") == "2");
  const json report = json::parse(result(folder, "training.json"));
  REQUIRE(report["steps"].size() == 4);
  CHECK(report["steps"][2]["diverged"] == 1);
  CHECK(report["resolved"][1]["training"]["validation_share"] == 0.1);  // of methods without a list, too

  // The rows of the best are those of a training with nothing but it, which finds the runs.
  scenario["training"]["validation_share"] = 0.1;
  scenario["training"]["learning_rate"] = 0.1;
  const Ended alone = train(folder, scenario);
  CHECK_THAT(alone.err, Catch::EndsWith("results in results/s-trained: 4 runs, 4 of them from before\n"));
  std::vector<std::map<std::string, std::string>> reported;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(reported),
               [](const auto& row) { return row.at("best") == "true"; });
  CHECK(reported == parse_csv(alone.out));

  // A longer list trains what is new.
  scenario["training"]["learning_rate"] = {0.0001, 0.1, 1e5, 1e6};
  CHECK_THAT(train(folder, scenario).err, Catch::EndsWith("7 runs, 6 of them from before\n"));
}

TEST_CASE("train: each worker's gradient is rounded to the precision that the scenario says") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["methods"] = {{{"name", "sgd"}}};
  scenario["training"]["seeds"] = {1};
  scenario["training"]["save_gradients"] = {3};
  scenario["sweep"] = {{"gradients.precision", {"fp32", "bf16"}}};
  CHECK_THAT(train(folder, scenario).err, Catch::EndsWith("2 runs\n"));
  const auto has_low_bits = [&](const std::string& run) {
    const std::string npy = result(folder, "gradients/" + run + "-sgd-seed1-round3/worker-0.npy");
    std::vector<std::uint32_t> bits(4 * 144 + 4);
    REQUIRE(npy.size() > 4 * bits.size());
    std::memcpy(bits.data(), npy.data() + npy.size() - 4 * bits.size(), 4 * bits.size());
    return std::ranges::any_of(bits, [](std::uint32_t b) { return (b & 0xFFFFU) != 0; });
  };
  CHECK(has_low_bits("0000"));
  CHECK_FALSE(has_low_bits("0001"));
}

TEST_CASE("train: a list is no sweep: its step sizes share the clocks, and names tell them apart") {
  const TemporaryFolder folder;
  write_images(folder);
  json scenario = small_training();
  scenario["methods"] = {{{"name", "sgd"}, {"training", {{"learning_rate", {0.01, 0.1}}}}}};
  scenario["training"]["save_gradients"] = {3};
  scenario["sweep"] = {{"network.bandwidth", {"1 Gbps", "10 Gbps"}}};
  CHECK_THAT(train(folder, scenario).err, Catch::EndsWith("8 runs, 4 of them trained with another\n"));
  for (const char* step : {"0.01", "0.1"})
    CHECK_FALSE(result(folder, "gradients/0001-sgd-step" + std::string(step) + "-seed2-round3/worker-0.npy").empty());
  scenario["training"]["tuning_seeds"] = 1;
  scenario.erase("sweep");
  folder.write("s.json", scenario.dump());
  CHECK(run_program("train s.json --dry-run", folder.path()).out ==
        "sgd, 4 workers, step 0.01, seed 1\nsgd, 4 workers, step 0.1, seed 1\nsgd, 4 workers, best step, seed 2\n");
}

TEST_CASE("train: the best step size is that of the largest mean validation accuracy, unless it diverged") {
  const TemporaryFolder folder;
  json scenario = small_training();
  scenario["methods"] = json::array({{{"name", "sgd"}}});
  scenario["training"]["learning_rate"] = {0.1, 0.2, 0.3};
  scenario["training"]["seeds"] = {1, 2, 3};
  scenario["training"]["tuning_seeds"] = 2;
  const Study study = study_of(scenario, folder);
  // Means 0.5, 0.6 and 0.55; the test set would have it otherwise.
  std::vector<TrainingRun> runs = {ended(0, 1, 0.1, 0.5, 0.9),  ended(0, 2, 0.1, 0.5, 0.9),
                                   ended(0, 1, 0.2, 0.8, 0.5),  ended(0, 2, 0.2, 0.4, 0.7),
                                   ended(0, 1, 0.3, 0.55, 0.9), ended(0, 2, 0.3, 0.55, 0.9)};
  CHECK(best_step(study, 0, runs) == 0.2);
  CHECK(summarise(study, runs).empty());  // seed 3 is missing
  runs.push_back(ended(0, 3, 0.2, 0.1, 0.3));
  CHECK(best_step(study, 0, runs) == 0.2);
  REQUIRE(summarise(study, runs).size() == 1);
  CHECK(summarise(study, runs)[0].accuracy == Approx(0.5));  // of 0.5, 0.7 and 0.3
  CHECK(summarise(study, runs)[0].deviation == Approx(0.2));
  const auto steps = summarise_steps(study, runs);
  REQUIRE(steps.size() == 3);
  CHECK(steps[1].accuracy == Approx(0.6));  // of the tuning seeds
  CHECK(steps[1].is_best);
  CHECK_THAT(TrainingReport(study, runs).edges(), Catch::Equals(""));

  runs[3].curve.back().train_loss = 3;  // the first round had 2
  CHECK(best_step(study, 0, runs) == 0.3);
  CHECK(summarise_steps(study, runs)[1].diverged == 1);
  runs[4].overflowed = true;
  CHECK(best_step(study, 0, runs) == 0.1);
  CHECK(std::isnan(summarise_steps(study, runs)[2].accuracy));
  runs[0].overflowed = true;  // all did: the largest that is known
  CHECK(best_step(study, 0, runs) == 0.2);
  runs[3].curve.back().round = 10;  // not at its end
  CHECK_FALSE(best_step(study, 0, runs));
  CHECK(summarise_steps(study, runs).empty());
}

TEST_CASE("train: points compete that answer the same question, and no others") {
  const TemporaryFolder folder;
  json scenario = small_training();
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"k", 5}}};
  scenario["training"]["target_accuracy"] = 0.5;
  scenario["training"]["seeds"] = {1};
  // Of each pair of values sgd takes 100 and 200 bytes, top-k always 300, and as long as bytes.
  const auto fronts = [&](const json& sweep) {
    scenario["sweep"] = sweep;
    const Study study = study_of(scenario, folder);
    std::vector<TrainingRun> runs;
    for (std::size_t point = 0; point < 4; ++point) {
      const double bytes = point % 2 == 1 ? 300 : point == 0 ? 100 : 200;
      runs.push_back({.point = point,
                      .seed = 1,
                      .step = study.points[point].scenario.training->method.learning_rate.sizes.front(),
                      .curve = {row(20, 0.6, bytes, bytes)}});
    }
    std::vector<bool> on_front;
    for (const TrainingSummary& summary : summarise(study, runs)) on_front.push_back(summary.on_front);
    return on_front;
  };
  const std::vector<bool> apart = {true, false, true, false};
  const std::vector<bool> together = {true, false, false, false};
  CHECK(fronts({{"training.split", {"iid", {{"dirichlet", 0.5}}}}}) == apart);
  CHECK(fronts({{"training.target_accuracy", {0.5, 0.55}}}) == apart);
  CHECK(fronts({{"network.bandwidth", {"1 Gbps", "10 Gbps"}}}) == apart);
  CHECK(fronts({{"compute.forward", {"1 ms", "2 ms"}}}) == apart);
  CHECK(fronts({{"workers", {2, 4}}}) == together);
  CHECK(fronts({{"batch_per_worker", {2, 4}}}) == together);
  CHECK(fronts({{"training.learning_rate", {0.1, 0.2}}}) == together);
  CHECK(fronts({{"schedule.grouping", {"model", "tensor"}}}) == together);
}

TEST_CASE("train: the price of a target is that of the first row that has it, mean over the seeds") {
  const TemporaryFolder folder;
  json scenario = small_training();
  scenario["methods"] = {
      {{"name", "sgd"}}, {{"name", "top-k"}, {"k", 5}}, {{"name", "gtop-k"}, {"k", 5}}, {{"name", "top-k"}, {"k", 6}}};
  scenario["training"]["target_accuracy"] = 0.5;
  const Study study = study_of(scenario, folder);
  const std::vector<TrainingRun> runs = {{0, 1, 0.1, {row(10, 0.4, 100, 1), row(20, 0.6, 200, 2)}},
                                         {0, 2, 0.1, {row(10, 0.5, 100, 1), row(20, 0.4, 200, 2)}},
                                         {1, 1, 0.1, {row(20, 0.6, 100, 3)}},
                                         {1, 2, 0.1, {row(20, 0.6, 100, 3)}},
                                         {2, 1, 0.1, {row(20, 0.6, 200, 3)}},
                                         {2, 2, 0.1, {row(20, 0.7, 200, 3)}},
                                         {3, 1, 0.1, {row(20, 0.6, 50, 1)}},
                                         {3, 2, 0.1, {row(20, 0.49, 50, 1)}}};
  const auto all = summarise(study, runs);
  REQUIRE(all.size() == 4);
  CHECK(all[0].accuracy == Approx(0.5));
  CHECK(all[0].deviation == Approx(std::sqrt(0.02)));  // 0.6 and 0.4: two squares of 0.1 over n - 1
  REQUIRE(all[0].target);
  CHECK(all[0].target->round == 15);
  CHECK(all[0].target->uplink_bytes == 150);
  CHECK(all[0].target->simulated_s == 1.5);
  CHECK(all[0].on_front);   // 150 bytes, 1.5 s
  CHECK(all[1].on_front);   // 100 bytes, 3 s
  CHECK(!all[2].on_front);  // 200 bytes, 3 s
  CHECK(!all[3].target);    // one seed never got there
}

}  // namespace simrun
