#include "sim/mpi/measure.hpp"

#include <malloc.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>

#include "sim/mpi/mpi_world.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/study/measurement.hpp"
#include "sim/study/point_key.hpp"
#include "sim/study/point_setup.hpp"
#include "sim/study/sweep_run.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// The ranks that a point needs.
int ranks_of(const Scenario& scenario) {
  return scenario.workers + (scenario.has_server_host() ? 1 : 0);
}

std::string count_text(int count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string needs_text(const Scenario& scenario) {
  return label(scenario.method) + ", " + count_text(scenario.workers, "worker") +
         (scenario.has_server_host() ? " and the server" : "") + ": " + count_text(ranks_of(scenario), "rank");
}

/// The points that the ranks are enough for. Throws InputError where that is none, where the sweep has one number of
/// workers and some are left out, or where ranks are left over whatever the point.
std::vector<std::size_t> fitting_points(const Study& study, int ranks) {
  std::vector<std::size_t> fitting;
  std::set<int> workers;
  const Scenario* largest = &study.points.front().scenario;
  for (std::size_t point = 0; point < study.points.size(); ++point) {
    const Scenario& scenario = study.points[point].scenario;
    workers.insert(scenario.workers);
    if (ranks_of(scenario) <= ranks) fitting.push_back(point);
    if (ranks_of(scenario) > ranks_of(*largest)) largest = &scenario;
  }
  const bool may_leave_out = workers.size() > 1 && !fitting.empty();
  if (ranks > ranks_of(*largest) || (ranks < ranks_of(*largest) && !may_leave_out))
    throw InputError("command line", "mpirun -np",
                     "there are " + count_text(ranks, "rank") + ", but " + needs_text(*largest),
                     "accepted: mpirun -np " + std::to_string(ranks_of(*largest)));
  return fitting;
}

/// One line for each number of workers of which points are left out.
void say_left_out(const Study& study, int ranks) {
  std::set<std::string> lines;
  for (const Point& point : study.points) {
    if (ranks_of(point.scenario) > ranks) lines.insert(needs_text(point.scenario));
  }
  for (const std::string& line : lines) say("note: left out, there are " + std::to_string(ranks) + " ranks: " + line);
}

/// What one worker sends, contents of the first round included. Dense gradients are not made, nor are later rounds:
/// their values move no time.
PayloadTable encode(const Scenario& scenario, std::size_t worker) {
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  const auto codec = scenario.method.codec->make(scenario.method.options, make_cpu_primitives(threads));
  if (is_dense(codec->kind())) return PayloadTable(scenario);
  const auto encoder = static_cast<std::size_t>(scenario.host_groups().encoder_of(static_cast<int>(worker)));
  const std::vector<Group> groups = encoded_groups(scenario);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, groups);
  PayloadTable table(scenario);
  GradientSource source(scenario);
  std::vector<float> buffer(source.largest_group());
  try {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (groups[g].is_dense) continue;
      const std::vector<TensorShape> shapes = source.shapes(g);
      const RoundContext context{.seed = source.seed(encoder, g),
                                 .tensors = shapes,
                                 .workers = static_cast<std::uint64_t>(scenario.host_groups().hosts())};
      table.set(0, g, codec->encode(source.fill(encoder, source.groups()[g], threads, buffer), entries[g], context),
                table.first_round());
    }
  } catch (const NonFiniteError&) {
    source.check(threads);  // says which
    throw;
  }
  return table;
}

/// This rank's part of a point.
class RankRun {
 public:
  RankRun(const Scenario& scenario, PayloadTable payloads)
      : scenario_(scenario),
        payloads_(std::move(payloads)),
        setup_(make_setup(scenario, payloads_)),
        steps_(measured_steps(setup_.plan)),
        device_(*setup_.profile) {
    setup_.plan.local.steps = steps_.waited;
  }

  const MeasuredSteps& steps() const { return steps_; }

  RankMeasurement run(MpiWorld& world, int iterations) {
    const auto work = [&](Transport& transport) {
      const Staging staging(transport, setup_.host, setup_.profile->bandwidth);
      Worker worker(transport, setup_.plan, setup_.rounds, setup_.dense_rounds, device_, staging, setup_.payload);
      for (int i = 0; i < iterations; ++i) {
        IterationRecord record = worker.iterate();
        record.spans.clear();
        record.exchanges.clear();
        seen_.iterations.push_back(std::move(record));
      }
      seen_.payload_bytes = bytes_of_step(scenario_, payloads_);
    };
    const auto serve = [&](Transport& transport) {
      const Staging staging(transport, std::nullopt, setup_.profile->bandwidth);
      Server server(transport, setup_.plan, setup_.rounds, device_, staging);
      for (int i = 0; i < iterations; ++i) server.iterate();
      seen_.iterations.emplace_back().traffic = server.traffic();
    };
    world.run(setup_.workers, work, setup_.server_host ? std::function<void(Transport&)>(serve) : nullptr);
    seen_.used = device_.used();
    return std::move(seen_);
  }

 private:
  const Scenario& scenario_;
  PayloadTable payloads_;
  Setup setup_;
  MeasuredSteps steps_;
  DeviceTimes device_;
  RankMeasurement seen_;
};

/// On rank 0; elsewhere nothing. A server, and a rank that has nothing to do, encode what worker 0 does, whose sizes
/// they plan with.
PointResult measure_point(MpiWorld& world, const Scenario& scenario, const MeasureArguments& arguments) {
  std::optional<RankRun> mine;
  world.agree([&] {
    const int worker = world.rank() < scenario.workers ? world.rank() : 0;
    mine.emplace(scenario, encode(scenario, static_cast<std::size_t>(worker)));
  });
  const std::vector<std::string> texts =
      world.gather(serialised(mine->run(world, arguments.warmup + arguments.iterations)));
  if (world.rank() != 0) return {};
  std::vector<RankMeasurement> ranks;
  for (int r = 0; r < ranks_of(scenario); ++r) ranks.push_back(deserialised(texts[static_cast<std::size_t>(r)]));
  return point_result(ranks, static_cast<std::size_t>(scenario.workers), static_cast<std::size_t>(arguments.warmup),
                      mine->steps());
}

/// The study, which must be the same on all ranks.
Study read_study_on_all(const MpiWorld& world, const std::string& file, const MeasureArguments& arguments) {
  Study study;
  std::string keys;
  world.agree([&] {
    study = read_study(file, parse_overrides(arguments.set));
    refuse_searches(study, "measure");
    for (const std::string& key : point_keys(study)) keys += key;
  });
  const std::vector<std::string> all = world.gather(keys);
  const auto other = std::find_if(all.begin(), all.end(), [&](const auto& text) { return text != all.front(); });
  if (other != all.end())
    throw InputError(file, "file", "rank " + std::to_string(other - all.begin()) + " reads something else than rank 0",
                     "accepted: the same scenario, device profile and simrun on all hosts");
  return study;
}

void check_counts(const MeasureArguments& arguments) {
  const auto check = [](const char* option, int value) {
    if (value < 1 || value > 1'000'000)
      throw InputError("command line", option, "is " + std::to_string(value), "accepted: 1 to 1000000");
  };
  check("--iterations", arguments.iterations);
  check("--warmup", arguments.warmup);
}

void write_results(const Report& report, const std::string& out) {
  write_file(out + "/points.csv", report.csv());
  write_file(out + "/report.json", report.json().dump(2) + "\n");
  print_lines(report.table());
  say("results in " + out);
}

void measure_on_all(MpiWorld& world, const MeasureArguments& arguments) {
  check_counts(arguments);
  const std::string file = find_file(arguments.scenario, "").value_or(arguments.scenario);
  const std::string out = arguments.out.empty() ? "results/" + name_of_scenario(file) + "-measured" : arguments.out;
  const Study whole = read_study_on_all(world, file, arguments);
  const Study study = with_points(whole, fitting_points(whole, world.size()));
  std::optional<FolderLock> lock;
  world.agree([&] {
    if (world.rank() != 0) return;
    make_folder(out);
    lock.emplace(out, FolderLock::Kind::alone);
  });
  if (world.rank() == 0) say_left_out(whole, world.size());
  std::vector<PointResult> results;
  for (const Point& point : study.points) results.push_back(measure_point(world, point.scenario, arguments));
  const MeasuredRun how{arguments.iterations, arguments.warmup, world.version(), world.gather(world.host())};
  if (world.rank() == 0) write_results(Report(study, std::move(results), how), out);
}

/// Memory that was freed is kept for the next message: to get it anew from the system would take longer than to send.
void keep_memory() {
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, -1);
}

}  // namespace

int measure(const MeasureArguments& arguments) {
  if (!is_launched_by_mpi())
    throw InputError("command line", "measure", "mpirun did not start this",
                     "accepted: mpirun -np RANKS simrun measure SCENARIO.json");
  keep_memory();
  MpiWorld world;
  try {
    measure_on_all(world, arguments);
    return 0;
  } catch (const InputError& error) {
    world.complain(error);
    return 2;
  } catch (const std::exception& error) {
    world.abort(error.what());
  }
}

int refuse_to_measure(const InputError& error) {
  if (!is_launched_by_mpi()) throw error;
  MpiWorld().complain(error);
  return 2;
}

}  // namespace simrun
