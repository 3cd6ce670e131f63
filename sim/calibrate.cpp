#include "sim/calibrate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "kernels/codec.hpp"
#include "kernels/index_coding.hpp"
#include "sim/data_path.hpp"
#include "sim/device_profile.hpp"
#include "sim/gradients.hpp"
#include "sim/progress_bar.hpp"
#include "sim/trace.hpp"

namespace simrun {
namespace {

using Clock = std::chrono::steady_clock;

/// Median and quartiles of repeated runs, in seconds.
struct Sample {
  double median;
  double p25;
  double p75;
};

/// One run to warm up, then at least 5 and at most 101, for a tenth of a second where that allows.
Sample measure(const std::function<void()>& work) {
  constexpr std::size_t fewest = 5;
  constexpr std::size_t most = 101;
  constexpr double budget = 0.1;
  work();
  std::vector<double> times;
  double spent = 0;
  while (times.size() < fewest || (times.size() < most && spent < budget)) {
    const Clock::time_point start = Clock::now();
    work();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    spent += times.back();
  }
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  return {quantile(0.5), quantile(0.25), quantile(0.75)};
}

/// The grid, and the data that operations work on.
class Bench {
 public:
  explicit Bench(bool quick)
      : elements_(quick ? std::vector<double>{1 << 12, 1 << 16, 1 << 20, 1 << 23}
                        : std::vector<double>{1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 23,
                                              1 << 24, 1 << 25}),
        densities_(quick ? std::vector<double>{1e-4, 1e-2, 1} : std::vector<double>{1e-4, 1e-3, 1e-2, 0.1, 1}),
        parts_(quick ? std::vector<double>{2, 32} : std::vector<double>{1, 2, 4, 8, 16, 32, 64}),
        threads_(std::max(1U, std::thread::hardware_concurrency())),
        primitives_(make_cpu_primitives(threads_)) {
    const auto size = static_cast<std::uint64_t>(elements_.back());
    gradient_.resize(size + most_parts * offset_between_parts);
    scratch_.resize(size);
    make_synthetic_gradients({}, Model{"calibration", {{"all", {gradient_.size()}}}})->fill(0, 0, threads_, gradient_);
  }

  unsigned threads() const { return threads_; }

  /// The grid of an operation's axis.
  std::vector<double> axis(const OperationEntry& operation, std::size_t number) const {
    const std::string_view name = operation.axes[number];
    if (name == "parts") return parts_;
    if (name != "density") return elements_;
    std::vector<double> values = densities_;
    if (operation.name == "combine.sparse-signs") values.push_back(8);  // of 8 payloads together
    return values;
  }

  Sample run(std::string_view operation, const std::vector<double>& place) {
    const std::size_t dot = operation.find('.');
    const std::string_view what = operation.substr(0, dot);
    const std::string_view kind = operation.substr(dot + 1);
    if (what == "encode") return encode(kind, place);
    if (what == "combine") return combine(kind, place);
    if (what == "decode") return decode(kind, static_cast<std::size_t>(place[0]));
    return index(what, kind, place);
  }

 private:
  static constexpr std::size_t most_parts = 64;
  static constexpr std::size_t offset_between_parts = 997;

  std::unique_ptr<const Codec> codec_of(std::string_view kind) const {
    CodecOptions options;
    options.half_precision = kind == "dense16";
    const std::string_view name = kind == "dense16" ? "dense" : kind == "pairs" ? "gtop-k" : kind;
    return find_codec(name)->make(options, primitives_);
  }

  std::span<const float> gradient(std::size_t offset, std::size_t size) const {
    return std::span(gradient_).subspan(offset, size);
  }

  static std::size_t kept(double elements, double density) {
    return std::max<std::size_t>(1, static_cast<std::size_t>(elements * density));
  }

  Sample encode(std::string_view kind, const std::vector<double>& place) const {
    const auto codec = codec_of(kind);
    const auto size = static_cast<std::size_t>(place[0]);
    const std::size_t entries = place.size() > 1 ? kept(place[0], place[1]) : size;
    return measure([&] { codec->encode(gradient(0, size), entries, {}); });
  }

  /// Combines payloads of neighbouring stretches of the data, so that they differ.
  Sample combine(std::string_view kind, const std::vector<double>& place) const {
    const auto codec = codec_of(kind);
    std::size_t parts = 8;
    std::size_t size = static_cast<std::size_t>(place[0]);
    std::size_t entries = size;
    if (kind == "pairs") {  // axis: entries of both payloads together
      parts = 2;
      entries = std::max<std::size_t>(1, size / 2);
      size = std::min(scratch_.size(), 16 * entries);
    } else if (kind == "signs") {
      parts = static_cast<std::size_t>(place[1]);
    } else {  // density: of all payloads together
      entries = kept(place[0], place[1] / static_cast<double>(parts));
    }
    std::vector<Payload> payloads;
    for (std::size_t i = 0; i < parts; ++i) {
      payloads.push_back(codec->encode(gradient(i * offset_between_parts, size), entries, {}));
    }
    const auto aggregator = codec->aggregator();
    return measure([&] { aggregator->combine(payloads); });
  }

  /// One payload with as many entries as the axis says.
  Sample decode(std::string_view kind, std::size_t count) {
    const auto codec = codec_of(kind);
    const bool sparse = kind == "pairs" || kind == "sparse-signs";
    const std::size_t size = sparse ? std::min(scratch_.size(), 16 * count) : count;
    const Payload payload = codec->encode(gradient(0, size), count, {});
    return measure([&] { codec->decode(payload, 1.0F, std::span(scratch_).first(size)); });
  }

  Sample index(std::string_view direction, std::string_view name, const std::vector<double>& place) const {
    const IndexCodingEntry& coding = *std::find_if(index_codings().begin(), index_codings().end(),
                                                   [&](const IndexCodingEntry& entry) { return entry.name == name; });
    const auto size = static_cast<std::size_t>(place[0]);
    const std::size_t entries = kept(place[0], place[1]);
    const std::vector<std::uint32_t> indices = primitives_->select_largest(gradient(0, size), entries).indices;
    std::vector<std::byte> bytes;
    coding.encode(indices, size, bytes);
    if (direction == "index-encode") {
      return measure([&] {
        std::vector<std::byte> out;
        coding.encode(indices, size, out);
      });
    }
    std::size_t used = 0;
    return measure([&] { coding.decode(bytes, size, entries, used); });
  }

  std::vector<double> elements_;
  std::vector<double> densities_;
  std::vector<double> parts_;
  unsigned threads_;
  std::shared_ptr<const Primitives> primitives_;
  std::vector<float> gradient_;
  std::vector<float> scratch_;
};

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

double four_digits(double value) {
  const double scale = std::pow(10, 3 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

/// Measures one operation on its grid. Times are nested in lists like its axes.
Json measure_operation(Bench& bench, const OperationEntry& operation, const std::function<void()>& step) {
  Json axes = Json::object();
  for (std::size_t i = 0; i < operation.axes.size(); ++i)
    axes[std::string(operation.axes[i])] = bench.axis(operation, i);
  Json table = {{"provenance", "measured"},
                {"axes", axes},
                {"seconds", Json::array()},
                {"p25", Json::array()},
                {"p75", Json::array()}};
  const auto add = [&](Json& median, Json& p25, Json& p75, const std::vector<double>& place) {
    const Sample sample = bench.run(operation.name, place);
    median.push_back(four_digits(sample.median));
    p25.push_back(four_digits(sample.p25));
    p75.push_back(four_digits(sample.p75));
    step();
  };
  for (const double first : bench.axis(operation, 0)) {
    if (operation.axes.size() == 1) {
      add(table["seconds"], table["p25"], table["p75"], {first});
      continue;
    }
    for (const char* key : {"seconds", "p25", "p75"}) table[key].push_back(Json::array());
    for (const double second : bench.axis(operation, 1))
      add(table["seconds"].back(), table["p25"].back(), table["p75"].back(), {first, second});
  }
  return table;
}

std::size_t count_places(const Bench& bench) {
  std::size_t places = 0;
  for (const OperationEntry& operation : profile_operations()) {
    std::size_t of_this = 1;
    for (std::size_t i = 0; i < operation.axes.size(); ++i) of_this *= bench.axis(operation, i).size();
    places += of_this;
  }
  return places;
}

}  // namespace

void calibrate(const CalibrateArguments& arguments) {
  const std::string folder = cache_folder() + "/devices";
  if (arguments.out.empty()) std::filesystem::create_directories(folder);
  const std::string file = arguments.out.empty() ? folder + "/cpu.json" : arguments.out;
  write_file(file + ".probe", "");  // better now than after minutes of measuring
  std::filesystem::remove(file + ".probe");
  Bench bench(arguments.quick);
  const std::string processor = processor_name() + ", " + std::to_string(bench.threads()) + " threads";
  std::fprintf(stderr, "measuring %s\n", processor.c_str());
  Json profile = {{"format", 1},
                  {"name", "cpu"},
                  {"device", processor},
                  {"software", std::string("simrun ") + SIMRUN_VERSION + ", compiler " + __VERSION__},
                  {"provenance", "measured"},
                  {"source", "simrun calibrate"},
                  {"conditions",
                   {{"statistic", "median, with quartiles, of 5 to 101 runs after one to warm up"},
                    {"data", "laplace, seed 1"},
                    {"threads", bench.threads()}}},
                  {"operations", Json::object()}};
  {
    ProgressBar bar("calibrating");
    std::size_t done = 0;
    const std::size_t places = count_places(bench);
    for (const OperationEntry& operation : profile_operations())
      profile["operations"][std::string(operation.name)] =
          measure_operation(bench, operation, [&] { bar.show(++done, places); });
  }
  write_file(file, profile.dump(1) + "\n");
  std::fprintf(stderr, "wrote %s\n", file.c_str());
}

}  // namespace simrun
