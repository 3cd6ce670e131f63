// The payload stage against its law: whatever is shared, cached or left out, each point gets the payloads that its
// codec makes of its workers' gradients, or their sizes.

#include "sim/payloads/payload_stage.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>

#include "kernels/layout.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/study/point_setup.hpp"
#include "sim/system/child_process.hpp"
#include "sim/text/error.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

/// A sweep over K that is not in order, over index codings and M, with groups whose shares of K do not all grow with
/// it.
const char* const sweep_text = R"({
  "workers": 4,
  "model": {"name": "m", "tensors": [{"name": "a", "shape": [6000]}, {"name": "b", "shape": [2000]},
                                     {"name": "c", "shape": [2000]}, {"name": "d", "shape": [77]}]},
  "batch_per_worker": 8,
  "compute": {"forward": "1 ms", "backward": "2 ms"},
  "device": "p102-100",
  "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
  "schedule": {"grouping": "tensor"},
  "methods": [{"name": "sgd"}, {"name": "top-k"}, {"name": "gtop-k"}, {"name": "signsgd-mv"},
              {"name": "signsgd-mv", "collective": "sharded-parameter-server"}, {"name": "sparse-signsgd"},
              {"name": "sparse-signsgd", "collective": "sharded-parameter-server"}],
  "sweep": {"workers": [3, 5], "k": [40, 1000, 5, 10, 999], "index": ["raw32", "bitmap", "delta", "elias-fano"]}
})";

Study study_of(const TemporaryFolder& folder, const std::string& text, const std::vector<Override>& overrides = {}) {
  return read_study(folder.write("s.json", text), overrides);
}

std::vector<std::size_t> all_of(const Study& study) {
  std::vector<std::size_t> points(study.points.size());
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = i;
  return points;
}

/// What a worker of the point sends, made from nothing.
Payload encoded(const Scenario& scenario, int worker, std::size_t number) {
  const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
  const auto gradients = make_synthetic_gradients(std::get<SyntheticGradients>(scenario.gradients), *scenario.model);
  std::vector<float> gradient;
  for (const std::size_t tensor : groups[number].tensors) {
    std::vector<float> part(scenario.model->tensors[tensor].elements());
    gradients->fill(worker, tensor, 1, part);
    gradient.insert(gradient.end(), part.begin(), part.end());
  }
  const auto codec = scenario.method.codec->make(scenario.method.options, make_cpu_primitives(1));
  return codec->encode(gradient, share_entries(groups, scenario.entries())[number], {});
}

/// Hands every point of a stage over. Returns how many there were.
template <class Visit>
std::size_t for_each_point(const Study& study, PayloadCache& cache, unsigned threads, const Visit& visit) {
  PayloadStage stage(study, all_of(study), threads, cache, [](std::uint64_t, std::uint64_t) {});
  std::size_t points = 0;
  while (const auto batch = stage.next()) {
    REQUIRE(batch->points.size() == batch->tables.size());
    for (std::size_t i = 0; i < batch->points.size(); ++i, ++points)
      visit(study.points[batch->points[i]].scenario, *batch->tables[i]);
  }
  return points;
}

PayloadCache no_cache() {
  return {};
}

double size_of(const fs::path& folder) {
  double bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += static_cast<double>(entry.file_size());
  return bytes;
}

}  // namespace

TEST_CASE("payload stage: every point gets the payloads that its codec makes, or their sizes") {
  const TemporaryFolder folder;
  const Study study = study_of(folder, sweep_text);
  PayloadCache cache = no_cache();
  for (const unsigned threads : {1U, 3U}) {
    std::size_t with_contents = 0;
    const std::size_t points = for_each_point(study, cache, threads, [&](const Scenario& scenario, const auto& table) {
      double bytes = 0;
      for (int worker = 0; worker < scenario.workers; ++worker) {
        for (std::size_t g = 0; g < scenario.model->tensors.size(); ++g) {
          const Payload expected = encoded(scenario, worker, g);
          const Payload& payload = table.at(static_cast<std::size_t>(worker), g, 0);
          INFO(label(scenario.method) << ", K " << scenario.entries() << ", worker " << worker << ", group " << g);
          if (payload.has_contents()) {
            REQUIRE(payload == expected);
            ++with_contents;
          } else {
            REQUIRE(payload.header() == expected.header());
          }
          bytes += static_cast<double>(expected.size());
        }
      }
      CHECK(table.mean_bytes(static_cast<std::size_t>(scenario.workers), scenario.workers) ==
            bytes / static_cast<double>(scenario.workers));
    });
    CHECK(points == study.points.size());
    CHECK(with_contents > 0);
  }
}

TEST_CASE("payload stage: what only has sizes is simulated like what has contents") {
  const TemporaryFolder folder;
  const Study study =
      study_of(folder, sweep_text, {{"sweep", R"({"workers": [3, 4], "k": [40, 1000, 5], "index": ["elias-fano"]})"}});
  PayloadCache cache = no_cache();
  std::size_t compared = 0;
  for_each_point(study, cache, 1, [&](const Scenario& scenario, const PayloadTable& sizes) {
    if (sizes.at(0, 0, 0).has_contents()) return;
    const std::size_t groups = scenario.model->tensors.size();
    PayloadTable contents(scenario, static_cast<std::size_t>(scenario.workers));
    for (int worker = 0; worker < scenario.workers; ++worker) {
      for (std::size_t g = 0; g < groups; ++g)
        contents.set(static_cast<std::size_t>(worker), g, encoded(scenario, worker, g), 0);
    }
    const auto times = [&](const PayloadTable& table) {
      return run_in_child([&] {
        const Times found = simulate(make_setup(scenario, table));
        std::ostringstream text;
        text.precision(17);
        text << found.iteration.value << " " << found.encode.value << " " << found.communication.value << " "
             << found.decode.value << " " << found.result_bytes << " " << found.sent_bytes << " "
             << found.received_bytes;
        return text.str();
      });
    };
    INFO(label(scenario.method) << ", " << scenario.workers << " workers");
    CHECK(times(sizes) == times(contents));
    ++compared;
  });
  // For each M those without K, and those with one for every K; not the votes on sparse signs on shards.
  CHECK(compared == 2 * (3 + 3 * 3));
}

TEST_CASE("payload stage: a group that is made in parts gives what it gives as a whole") {
  // Parts have at most 2^22 elements: here one ends within a tensor, at no multiple of what tensors are made in.
  const TemporaryFolder folder;
  const Study study = study_of(folder, R"({
    "workers": 2,
    "model": {"name": "m", "tensors": [{"name": "a", "shape": [77]}, {"name": "b", "shape": [3000000]},
                                       {"name": "c", "shape": [5500001]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "top-k", "k": 3, "index": "delta"}, {"name": "top-k", "k": 50000, "index": "delta"}]
  })");
  PayloadCache cache = no_cache();
  for (const unsigned threads : {1U, 3U}) {
    std::uint64_t last = 0;
    std::uint64_t steps = 0;
    const auto progress = [&, mutex = std::make_shared<std::mutex>()](std::uint64_t done, std::uint64_t total) {
      const std::lock_guard lock(*mutex);
      last = std::max(last, done);
      ++steps;
      CHECK(total == 2 * 8500078);
    };
    PayloadStage stage(study, all_of(study), threads, cache, progress);
    while (const auto batch = stage.next()) {
      for (std::size_t i = 0; i < batch->points.size(); ++i) {
        for (std::size_t worker = 0; worker < 2; ++worker)
          CHECK(batch->tables[i]->at(worker, 0, 0) ==
                encoded(study.points[batch->points[i]].scenario, static_cast<int>(worker), 0));
      }
    }
    CHECK(last == 2 * 8500078);
    CHECK(steps == 2 * 3);
  }
}

TEST_CASE("payload stage: of equal magnitudes in several parts the first are kept") {
  const TemporaryFolder folder;
  constexpr std::size_t elements = 9'000'000;  // three parts
  std::string npy("\x93NUMPY\x01\x00\x76\x00", 10);
  std::string header = "{'descr': '<f2', 'fortran_order': False, 'shape': (9000000,), }";
  header.resize(117, ' ');
  npy += header + "\n";
  for (std::size_t i = 0; i < elements; ++i) npy.append("\x00\x3c", 2);  // 1
  const std::size_t begin = npy.size() - 2 * elements;
  npy.replace(begin + 2 * (elements - 1), 2, "\x00\xc0", 2);  // -2, the last one
  folder.write("g.npy", npy);
  const Study study = study_of(folder, R"({
    "workers": 2, "model": {"name": "m", "tensors": [{"name": "a", "shape": [9000000]}]}, "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"}, "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"}, "gradients": {"source": "npy", "files": ["g.npy"]},
    "methods": [{"name": "top-k", "k": 1000, "index": "delta"}]
  })");
  PayloadCache cache = no_cache();
  for_each_point(study, cache, 2, [&](const Scenario&, const PayloadTable& table) {
    Pairs decoded;
    const PairsView pairs = view_pairs(table.at(0, 0, 0), decoded);
    REQUIRE(pairs.indices.size() == 1000);
    for (std::uint32_t i = 0; i < 999; ++i) REQUIRE(pairs.indices[i] == i);
    CHECK(pairs.indices[999] == elements - 1);
    CHECK(pairs.values[999] == -2);
  });
}

TEST_CASE("payload stage: a worker whose values are far below another's keeps its own largest") {
  // Magnitudes 1 to 100 of the first, a hundredth of that and in reverse of the second, then the first's again: the
  // cutoffs of 91, 0.91 and 91 are too high or too low by far for the next.
  const TemporaryFolder folder;
  for (int worker = 0; worker < 3; ++worker) {
    std::string npy("\x93NUMPY\x01\x00\x76\x00", 10);
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }";
    header.resize(117, ' ');
    npy += header + "\n";
    for (int i = 0; i < 100; ++i) {
      const float value = worker == 1 ? static_cast<float>(100 - i) / 100 : static_cast<float>(i + 1);
      npy.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    folder.write("g" + std::to_string(worker) + ".npy", npy);
  }
  const Study study = study_of(folder, R"({
    "workers": 3, "model": {"name": "m", "tensors": [{"name": "a", "shape": [100]}]}, "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"}, "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "gradients": {"source": "npy", "files": ["g0.npy", "g1.npy", "g2.npy"]},
    "methods": [{"name": "top-k", "k": 10, "index": "delta"}]
  })");
  PayloadCache cache = no_cache();
  for_each_point(study, cache, 1, [&](const Scenario&, const PayloadTable& table) {
    for (std::size_t worker = 0; worker < 3; ++worker) {
      Pairs decoded;
      const PairsView pairs = view_pairs(table.at(worker, 0, 0), decoded);
      REQUIRE(pairs.indices.size() == 10);
      for (std::uint32_t i = 0; i < 10; ++i) CHECK(pairs.indices[i] == (worker == 1 ? i : 90 + i));
      CHECK(pairs.values[0] == (worker == 1 ? 1 : 91));
    }
  });
}

TEST_CASE("payload stage: fewer signs than K may take more bytes than K signs do") {
  // Of 66 elements 33 are not zero. Coded by elias-fano 34 indices take 0 low bits' words and 4 words of high bits, 33
  // take 2 low words (1 bit each) and 3 high ones: with header and signs 53 and 57 bytes.
  const TemporaryFolder folder;
  std::string npy = "\x93NUMPY\x01";
  npy += std::string(1, '\0');
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (66,), }";
  header += std::string(118 - header.size() - 1, ' ') + "\n";
  npy += std::string{static_cast<char>(header.size()), '\0'} + header;
  for (int i = 0; i < 66; ++i) {
    const float value = i % 2 == 0 ? 1.0F : 0.0F;
    npy.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  folder.write("g.npy", npy);
  const Study study = study_of(folder, sweep_text,
                               {{"model", R"({"name": "m", "tensors": [{"name": "a", "shape": [66]}]})"},
                                {"gradients", R"({"source": "npy", "files": ["g.npy"]})"},
                                {"sweep", R"({"workers": [3], "k": [34], "index": ["elias-fano"]})"}});
  PayloadCache cache = no_cache();
  std::size_t seen = 0;
  for_each_point(study, cache, 1, [&](const Scenario&, const PayloadTable& table) {
    if (!table.at(0, 0, 0).has_contents()) return;
    CHECK(table.at(0, 0, 0).entries() == 33);
    CHECK(table.at(0, 0, 0).size() == 57);
    ++seen;
  });
  CHECK(seen == 2);
}

TEST_CASE("payload stage: what a cache keeps serves later runs, also smaller K and fewer workers") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/payloads";
  const auto run = [&](const std::string& sweep_part) {
    const Study study = study_of(folder, sweep_text, {{"sweep", sweep_part}});
    PayloadCache cache(folder.path(), "payloads", Bytes(1e9));
    for_each_point(study, cache, 2, [&](const Scenario& scenario, const PayloadTable& table) {
      if (table.at(0, 0, 0).has_contents()) REQUIRE(table.at(1, 0, 0) == encoded(scenario, 1, 0));
    });
  };
  const auto times = [&] {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::directory_iterator(kept)) contents[entry.path()] = read_file(entry.path());
    return contents;
  };
  run(R"({"workers": [5], "k": [500]})");
  const auto first = times();
  CHECK(first.size() == 5);  // one file a worker
  run(R"({"workers": [2, 5], "k": [500, 30, 7]})");
  CHECK(times() == first);
  run(R"({"workers": [2], "k": [600]})");  // more entries: made anew, for two of the five
  CHECK(times().size() == 5);
  CHECK(times() != first);
  run(R"({"workers": [2], "k": [600], "gradients.seed": [2]})");  // other gradients
  CHECK(times().size() == 7);
}

TEST_CASE("payload stage: a damaged file of the cache is made anew") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/payloads";
  const Study study = study_of(folder, sweep_text, {{"sweep", R"({"workers": [2], "k": [500]})"}});
  const auto run = [&] {
    PayloadCache cache(folder.path(), "payloads", Bytes(1e9));
    for_each_point(study, cache, 1, [&](const Scenario& scenario, const PayloadTable& table) {
      for (std::size_t worker = 0; table.at(0, 0, 0).has_contents() && worker < 2; ++worker)
        REQUIRE(table.at(worker, 0, 0) == encoded(scenario, static_cast<int>(worker), 0));
    });
  };
  run();
  std::map<std::string, std::string> whole;
  for (const auto& entry : fs::directory_iterator(kept)) whole[entry.path()] = read_file(entry.path());
  REQUIRE(whole.size() == 2);
  const auto& [file, bytes] = *whole.begin();
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
  for (const std::string& damaged : {flipped, bytes.substr(0, bytes.size() / 2), bytes.substr(0, 3), std::string()}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    run();
    CHECK(read_file(file) == bytes);
  }
}

TEST_CASE("payload stage: what is selected beside other sizes, and held, is what a selection of its own finds") {
  const TemporaryFolder folder;
  const Study study = study_of(
      folder, sweep_text,
      {{"sweep", R"({"workers": [3, 5], "k": [40, 500]})"}, {"methods", R"([{"name": "dgc"}, {"name": "sparse-signsgd"},
                                                {"name": "sparse-signsgd", "collective": "sharded-parameter-server"}])"}});
  // Sizes and contents, which are another batch's afterwards.
  const auto sent = [&](PayloadCache& cache) {
    std::map<std::string, std::vector<std::pair<std::uint64_t, std::string>>> all;
    for_each_point(study, cache, 2, [&](const Scenario& scenario, const PayloadTable& table) {
      auto& own = all[scenario.resolved->dump()];
      for (std::size_t g = 0; g < scenario.model->tensors.size(); ++g) {
        for (int worker = 0; worker < scenario.workers; ++worker) {
          const Payload& payload = table.at(static_cast<std::size_t>(worker), g, 0);
          const std::span<const std::byte> bytes = payload.bytes();
          own.emplace_back(payload.size(), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        }
      }
    });
    return all;
  };
  PayloadCache none = no_cache();
  PayloadCache held("", "", Bytes(0), Bytes(1e6));
  const auto expected = sent(none);
  CHECK(expected.size() == study.points.size());
  CHECK(sent(held) == expected);
  CHECK(held.find(GradientSource(study.points.front().scenario).key(2)));
}

TEST_CASE("payload cache: no larger than it may be; what was used least recently goes") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/payloads";
  const auto fill = [&](int seed, Bytes most) {
    const Study study = study_of(
        folder, sweep_text, {{"sweep", R"({"workers": [2], "k": [500]})"}, {"gradients.seed", std::to_string(seed)}});
    PayloadCache cache(folder.path(), "payloads", most);
    for_each_point(study, cache, 1, [](const Scenario&, const PayloadTable&) {});
    // As if that had been an hour ago: what was used in the last minute may belong to a run that is not over.
    for (const auto& entry : fs::directory_iterator(kept))
      fs::last_write_time(entry, entry.last_write_time() - std::chrono::hours(1));
  };
  // A worker takes a head of 40 bytes, its key, 4 headers of 32 bytes and 500 pairs of 8 bytes.
  const double file = [&] {
    fill(1, Bytes(20e3));
    return size_of(kept) / 2;
  }();
  CHECK(file > 40 + 4 * 32 + 8 * 500);
  const Bytes most(4.8 * file);  // of which nine tenths hold four
  fill(1, most);
  CHECK(size_of(kept) == 2 * file);
  fill(2, most);
  const std::string first = [&] {
    auto oldest = *fs::directory_iterator(kept);
    for (const auto& entry : fs::directory_iterator(kept)) {
      if (entry.last_write_time() < oldest.last_write_time()) oldest = entry;
    }
    return oldest.path().string();
  }();
  CHECK(size_of(kept) == 4 * file);
  fill(3, most);
  CHECK(size_of(kept) == 4 * file);
  CHECK_FALSE(fs::exists(first));
  fill(4, Bytes(0));  // nothing is kept, nothing goes
  CHECK(size_of(kept) == 4 * file);
}

TEST_CASE("payload stage: a codec that says nothing of itself has its gradients encoded") {
  // Signs, but as a codec whose sizes need contents and that does not keep the largest.
  struct Plain final : Codec {
    std::unique_ptr<const Codec> signs = find_codec("signs")->make({}, make_cpu_primitives(1));
    Combining combining() const override { return signs->combining(); }
    PayloadKind kind() const override { return signs->kind(); }
    Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
      return signs->encode(gradient, entries, context);
    }
    void decode(const Payload& payload, float weight, std::span<float> out,
                const RoundContext& context) const override {
      signs->decode(payload, weight, out, context);
    }
    void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
      signs->settle(accepted, residual, context);
    }
    std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                         std::span<const TensorShape> tensors) const override {
      return signs->shape(elements, entries, tensors);
    }
    std::unique_ptr<const Aggregator> aggregator() const override { return signs->aggregator(); }
  };
  const TemporaryFolder folder;
  Study study = study_of(folder, sweep_text, {{"sweep", R"({"workers": [3], "k": [500]})"}});
  CodecEntry entry = *find_codec("signs");
  entry.make = [](const CodecOptions&, std::shared_ptr<const Primitives>) -> std::unique_ptr<const Codec> {
    return std::make_unique<Plain>();
  };
  for (Point& point : study.points) {
    if (point.scenario.method.codec->name == "signs") point.scenario.method.codec = &entry;
  }
  PayloadCache cache = no_cache();
  std::size_t seen = 0;
  for_each_point(study, cache, 2, [&](const Scenario& scenario, const PayloadTable& table) {
    if (scenario.method.codec != &entry) return;
    ++seen;
    for (std::size_t worker = 0; worker < 3; ++worker)
      CHECK(table.at(worker, 1, 0) == encoded(scenario, static_cast<int>(worker), 1));
  });
  CHECK(seen == 2);
}

TEST_CASE("payloads: of a codec whose sizes vary there are those of several steps") {
  const TemporaryFolder folder;
  const Study study =
      study_of(folder, sweep_text,
               {{"model", R"({"name": "one", "tensors": [{"name": "a", "shape": [100000]}]})"},
                {"methods", R"([{"name": "dgc", "density": 0.01}, {"name": "top-k", "density": 0.01}])"},
                {"sweep", R"({"workers": [4]})"}});
  PayloadCache cache = no_cache();
  for_each_point(study, cache, 2, [&](const Scenario& each, const PayloadTable& table) {
    if (each.method.method->name == "top-k") {
      CHECK(table.steps() == 1);
      return;
    }
    REQUIRE(table.steps() == 4);
    std::set<std::uint64_t> sizes;
    double total = 0;
    for (std::size_t step = 0; step < 4; ++step) {
      for (std::size_t worker = 0; worker < 4; ++worker) {
        const Payload& payload = table.at(worker, 0, 0, step);
        CHECK(payload.entries() >= 700);
        CHECK(payload.entries() <= 1300);
        CHECK(payload == table.at(worker, 0, 0, step + 4));
        sizes.insert(payload.size());
        total += static_cast<double>(payload.size());
      }
    }
    CHECK(sizes.size() > 8);  // of 16
    CHECK(table.mean_bytes(4, 4) == Approx(total / 16));
  });
}

TEST_CASE("gradients: shards are parts of the mean over a host's workers") {
  // 2 tensors of 1000 and 777 elements in one group: of 4 workers on a host each part has 445, the last three zeros.
  const TemporaryFolder folder;
  const auto source_of = [&](const char* hierarchy) {
    const Study study = study_of(
        folder, sweep_text,
        {{"model", R"({"name": "two", "tensors": [{"name": "a", "shape": [1000]}, {"name": "b", "shape": [777]}]})"},
         {"schedule", R"({"grouping": "model"})"},
         {"network", R"({"bandwidth": "1 Gbps", "latency": "50 us", "gpus_per_host": 4,
                         "intra_host": {"kind": "nvlink", "bandwidth": "10 GB/s", "latency": "5 us"}})"},
         {"methods", R"([{"name": "top-k", "density": 0.1, "hierarchy": ")" + std::string(hierarchy) + R"("}])"},
         {"sweep", R"({"workers": [8]})"}});
    return study.points.front().scenario;
  };
  const Scenario flat = source_of("flat");
  const Scenario shard = source_of("shard");
  const Scenario leader = source_of("leader");
  std::vector<float> buffer(2000);
  std::vector<float> mean(1780, 0.0F);
  const GradientSource all(flat);
  for (std::size_t worker = 4; worker < 8; ++worker) {
    const auto gradient = all.fill(worker, all.groups()[0], 1, buffer);
    for (std::size_t i = 0; i < gradient.size(); ++i) mean[i] += gradient[i];
  }
  for (float& value : mean) value /= 4;
  const GradientSource parts(shard);
  REQUIRE(parts.workers() == 8);
  for (std::size_t place = 0; place < 4; ++place) {
    const auto part = parts.fill(4 + place, parts.groups()[0], 2, buffer);
    REQUIRE(part.size() == 445);
    CHECK(std::equal(part.begin(), part.end(), mean.begin() + static_cast<std::ptrdiff_t>(445 * place)));
  }
  const GradientSource whole(leader);
  REQUIRE(whole.workers() == 2);
  const auto second = whole.fill(1, whole.groups()[0], 1, buffer);
  REQUIRE(second.size() == 1777);
  CHECK(std::equal(second.begin(), second.end(), mean.begin()));
}

}  // namespace simrun
