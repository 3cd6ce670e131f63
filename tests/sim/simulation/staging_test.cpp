// Times of a host between device and network against closed forms. Notation: a = latency, B = bytes a second of a link,
// h = bytes a second between device and host. Four workers, N = 1000 elements, K = 10 entries: payloads of 112 bytes.

#include "sim/simulation/staging.hpp"

#include <catch2/catch.hpp>

#include "sim/devices/profile_text.hpp"
#include "tests/sim/profiles.hpp"
#include "tests/sim/simulated_exchange.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

constexpr double h = 1e6;
/// The row of one method on a device on which every operation takes 1 ms, with a host.
std::map<std::string, std::string> row_of(const json& method, const json& host, const json& more = json::object()) {
  const TemporaryFolder folder;

  folder.write("even.json", profile_text(even_profile({1e-6, 1e12}, ms)));
  json scenario = tiny_scenario();
  scenario["device"] = "even.json";
  scenario["methods"] = {method};
  scenario["host"] = host;
  scenario["host"]["bandwidth"] = "1 MB/s";
  if (host.value("merges", "") == "host") scenario["host"]["memory_bandwidth"] = "0.5 GB/s";  // half of the device\'s
  scenario.update(more);
  folder.write("s.json", scenario.dump());
  const Ended run = run_program("s.json --format csv", folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto row = parse_csv(run.out).at(0);
  CHECK(number(row, "compute_s") + number(row, "encode_s") + number(row, "staging_s") + number(row, "communication_s") +
            number(row, "decode_s") ==
        Approx(number(row, "iteration_s")).epsilon(1e-12));
  return row;
}

}  // namespace

TEST_CASE("staging: the dense gradient crosses twice, and fixed work is added") {
  const auto row = row_of({{"name", "sgd"}}, {{"merges", "host"}, {"work", "3 ms"}});
  // 4 N bytes to the host and back; a ring of 2 (M - 1) steps of N bytes.
  CHECK(number(row, "staging_s") == Approx(8000 / h + 3 * ms));
  CHECK(number(row, "iteration_s") == Approx(10 * ms + 8000 / h + 3 * ms + 6 * (a + 1000 / B)).epsilon(1e-9));
}

TEST_CASE("staging: fixed work hides behind the device's decoding, and the other way round") {
  // From the end of the exchange on the host copies the result to the device, then works, and the device decodes for
  // 1 ms from the end of the copy on.
  const auto others = 10 * ms + ms + (112 + 4 * 112) / h + 3 * (a + 112 / B);
  for (const double work : {0.4, 1.0, 3.0}) {
    const auto row = row_of(top_k, {{"work", std::to_string(work) + " ms"}});
    CHECK(number(row, "iteration_s") == Approx(others + std::max(work * ms, ms)).epsilon(1e-6));
  }
}

TEST_CASE("staging: a payload crosses to the host and the result back, or the dense gradient does") {
  const double others = 10 * ms + ms + 3 * (a + 112 / B) + ms;
  const auto compressed = row_of(top_k, json::object());
  CHECK(number(compressed, "staging_s") == Approx((112 + 4 * 112) / h));
  CHECK(number(compressed, "decode_s") == Approx(ms));
  CHECK(number(compressed, "iteration_s") == Approx(others + 5 * 112 / h).epsilon(1e-9));
  const auto dense = row_of(top_k, {{"crosses", "dense"}});
  CHECK(number(dense, "staging_s") == Approx(8000 / h));
  CHECK(number(dense, "iteration_s") == Approx(others + 8000 / h).epsilon(1e-9));
}

TEST_CASE("staging: merges on the host take as much longer as its memory is slower") {
  const auto row = row_of(gtop_k, {{"merges", "host"}});
  // Rank 0 merges twice, each 2 ms; then every rank decodes on its host, 2 ms.
  const double tree = 4 * (a + 112 / B) + 2 * (2 * ms);
  CHECK(number(row, "staging_s") == Approx(2 * 112 / h));
  CHECK(number(row, "iteration_s") == Approx(10 * ms + ms + 2 * 112 / h + tree + 2 * ms).epsilon(1e-9));
}

TEST_CASE("staging: what is merged on the device crosses to it and back") {
  const auto row = row_of(gtop_k, json::object());
  const double tree = 4 * (a + 112 / B) + 2 * (112 / h + ms + 112 / h);
  CHECK(number(row, "iteration_s") == Approx(10 * ms + ms + 2 * 112 / h + tree + ms).epsilon(1e-9));
}

TEST_CASE("staging: with one worker nothing is staged") {
  const auto row = row_of(top_k, {{"work", "3 ms"}}, {{"workers", 1}});
  CHECK(row.at("staging_s") == "0");
  CHECK(number(row, "iteration_s") == Approx(12 * ms));
}

TEST_CASE("staging: hidden behind the backward pass it does not count") {
  // Tensor b, 800 of 1000 elements, is ready 4 + 0.8 x 6 = 8.8 ms into the iteration; 3200 bytes take 3.2 ms to copy,
  // 1.2 ms of which the backward pass of tensor a still runs.
  const auto row = row_of({{"name", "sgd"}}, {{"merges", "host"}}, {{"schedule", {{"grouping", "tensor"}}}});
  CHECK(number(row, "compute_s") == Approx(10 * ms));
  CHECK(number(row, "staging_s") == Approx(8000 / h - 1.2 * ms));
  CHECK(number(row, "communication_s") == Approx(12 * a + 6 * (800 + 200) / B).epsilon(1e-9));
}

TEST_CASE("an instant counts once: compute and encode before staging, staging before decode") {
  const auto span = [](Activity activity, double begin, double end) {
    return Span{activity, Seconds(begin), Seconds(end), Seconds(end - begin)};
  };
  const std::vector<Span> shown =
      overlaid({span(Activity::compute, 0, 4), span(Activity::decode, 5, 7), span(Activity::encode, 8, 9)},
               {span(Activity::staging, 2, 6), span(Activity::decode, 7.5, 10)});
  const std::vector<Span> expected = {span(Activity::compute, 0, 4), span(Activity::staging, 4, 6),
                                      span(Activity::decode, 6, 7),  span(Activity::decode, 7.5, 8),
                                      span(Activity::encode, 8, 9),  span(Activity::decode, 9, 10)};
  REQUIRE(shown.size() == expected.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    CHECK(shown[i].activity == expected[i].activity);
    CHECK(shown[i].begin == expected[i].begin);
    CHECK(shown[i].duration == expected[i].duration);
  }
}

}  // namespace simrun
