#include "sim/payload_stage.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <utility>

#include "kernels/parallel.hpp"
#include "sim/error.hpp"
#include "sim/units.hpp"

namespace simrun {
namespace {

/// One way to encode gradients, and what came out.
struct Encoding {
  std::shared_ptr<const Codec> serial;    ///< for small groups, one a thread
  std::shared_ptr<const Codec> threaded;  ///< for large ones, one after another
  std::vector<std::uint64_t> entries;     ///< K by group
  std::shared_ptr<PayloadTable> table;
};

/// Gradients that several encodings share.
struct Source {
  const Scenario* scenario = nullptr;  ///< one of those that use it
  std::vector<Group> groups;
  std::size_t workers = 0;  ///< the most that any point has; 1 where all share one gradient
  std::map<std::string, Encoding> encodings;
  std::unique_ptr<const Gradients> gradients;
};

std::unique_ptr<const Gradients> make_gradients(const Scenario& scenario) {
  if (const auto* synthetic = std::get_if<SyntheticGradients>(&scenario.gradients))
    return make_synthetic_gradients(*synthetic, *scenario.model);
  return make_npy_gradients(scenario.file, std::get<NpyFiles>(scenario.gradients).files, *scenario.model);
}

bool share_one_gradient(const Scenario& scenario) {
  const auto* npy = std::get_if<NpyFiles>(&scenario.gradients);
  return npy != nullptr && npy->files.size() == 1;
}

std::string source_key(const Scenario& scenario) {
  return scenario.resolved["model"].dump() + scenario.resolved["gradients"].dump() +
         scenario.resolved["schedule"].dump();
}

std::string encoding_key(const Scenario& scenario) {
  return std::string(scenario.method.codec->encoding) + "/" +
         std::to_string(static_cast<int>(scenario.method.options.index)) + "/" + std::to_string(scenario.entries());
}

/// A seed for the worker's and group's own random numbers. Source: SplitMix64, Steele, Lea and Flood, OOPSLA 2014.
std::uint64_t encoding_seed(const Scenario& scenario, std::size_t worker, std::size_t group) {
  const auto* synthetic = std::get_if<SyntheticGradients>(&scenario.gradients);
  std::uint64_t state = synthetic != nullptr ? synthetic->seed : 0;
  for (const std::uint64_t part : {static_cast<std::uint64_t>(worker), static_cast<std::uint64_t>(group)}) {
    state += part + 0x9E3779B97F4A7C15;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
    state ^= state >> 31;
  }
  return state;
}

std::shared_ptr<const PayloadTable> dense_table(const Codec& codec, const std::vector<Group>& groups) {
  auto table = std::make_shared<PayloadTable>(1, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    table->set(0, g, Payload::size_only(*codec.shape(groups[g].elements, groups[g].elements)));
  return table;
}

/// Every source, by key, with the encodings that the points need; a table for every point.
class Plan {
 public:
  Plan(const Study& study, const std::vector<std::size_t>& points, unsigned threads)
      : serial_(make_cpu_primitives(1)), threaded_(make_cpu_primitives(threads)) {
    for (const std::size_t point : points) add(study.points[point].scenario);
    for (auto& [key, source] : sources_) {
      source.gradients = make_gradients(*source.scenario);
      for (auto& [name, encoding] : source.encodings) {
        encoding.table = std::make_shared<PayloadTable>(source.workers, source.groups.size());
        for (const std::size_t point : points_[&encoding]) tables_[point] = encoding.table;
      }
    }
  }

  std::map<std::string, Source>& sources() { return sources_; }
  std::vector<std::shared_ptr<const PayloadTable>>& tables() { return tables_; }

 private:
  void add(const Scenario& scenario) {
    tables_.emplace_back();
    const CodecOptions& options = scenario.method.options;
    const std::shared_ptr<const Codec> codec = scenario.method.codec->make(options, serial_);
    const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
    if (is_dense(codec->kind())) {
      tables_.back() = dense_table(*codec, groups);
      return;
    }
    Source& source = sources_[source_key(scenario)];
    source.scenario = &scenario;
    source.groups = groups;
    source.workers =
        share_one_gradient(scenario) ? 1 : std::max(source.workers, static_cast<std::size_t>(scenario.workers));
    Encoding& encoding = source.encodings[encoding_key(scenario)];
    encoding.serial = codec;
    encoding.threaded = scenario.method.codec->make(options, threaded_);
    encoding.entries = share_entries(groups, scenario.entries());
    points_[&encoding].push_back(tables_.size() - 1);
  }

  std::shared_ptr<const Primitives> serial_;
  std::shared_ptr<const Primitives> threaded_;
  std::map<std::string, Source> sources_;
  std::map<const Encoding*, std::vector<std::size_t>> points_;
  std::vector<std::shared_ptr<const PayloadTable>> tables_;
};

/// Bytes of memory that programs can still have; 0 if the system does not say.
double available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string key;
  double kibibytes = 0;
  while (info >> key) {
    if (key == "MemAvailable:" && info >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

/// An upper bound for sparse payloads of K entries whose size depends on them: header, values, gaps of 32 bits, and a
/// base and a width for each block of 128 gaps or less, rounded up.
double most_bytes(double entries) {
  return Payload::header_bytes + 8 * entries + 5 * (entries / 128 + 1) + 3;
}

void check_memory(const Study& study, const std::map<std::string, Source>& sources) {
  double bytes = 0;
  double largest = 0;
  for (const auto& [key, source] : sources) {
    for (const auto& [name, encoding] : source.encodings) {
      for (std::size_t g = 0; g < source.groups.size(); ++g) {
        const auto shape = encoding.serial->shape(source.groups[g].elements, encoding.entries[g]);
        const double each =
            shape ? static_cast<double>(shape->bytes) : most_bytes(static_cast<double>(encoding.entries[g]));
        bytes += each * static_cast<double>(source.workers);
        largest = std::max(largest, 4.0 * static_cast<double>(source.groups[g].elements));
      }
    }
  }
  const double available = available_memory();
  if (available > 0 && bytes + largest > available)
    throw InputError(study.file, "workers", "the payloads need about " + show(Bytes(bytes + largest)) + " of memory",
                     "accepted: what fits, this machine has " + show(Bytes(available)) + " free");
}

/// Rethrows an encoder's complaint in the words of the scenario.
[[noreturn]] void blame_gradient(const Source& source, std::size_t worker, const Group& group, std::size_t element) {
  std::size_t tensor = 0;
  while (element >= source.scenario->model->tensors[group.tensors[tensor]].elements())
    element -= source.scenario->model->tensors[group.tensors[tensor++]].elements();
  throw InputError(source.scenario->file, "gradients",
                   "worker " + std::to_string(worker) + ", tensor " +
                       source.scenario->model->tensors[group.tensors[tensor]].name + ": element " +
                       std::to_string(element) + " is not finite",
                   "accepted: finite values");
}

/// One worker's gradient of one group, to be made and encoded.
struct Task {
  Source* source;
  std::size_t worker;
  std::size_t group;

  std::size_t elements() const { return source->groups[group].elements; }
};

/// Makes the gradient in `buffer`, where it lives until the next one, and encodes it in every way that is asked for.
void encode_group(const Task& task, unsigned threads, std::span<float> buffer) {
  Source& source = *task.source;
  const Group& group = source.groups[task.group];
  const std::span<float> gradient = buffer.first(group.elements);
  std::size_t offset = 0;
  for (const std::size_t tensor : group.tensors) {
    const std::size_t size = source.scenario->model->tensors[tensor].elements();
    source.gradients->fill(static_cast<int>(task.worker), tensor, threads, gradient.subspan(offset, size));
    offset += size;
  }
  const EncodeContext context{
      .seed = encoding_seed(*source.scenario, task.worker, task.group), .round = 0, .previous = {}};
  for (auto& [key, encoding] : source.encodings) {
    const Codec& codec = threads > 1 ? *encoding.threaded : *encoding.serial;
    try {
      encoding.table->set(task.worker, task.group, codec.encode(gradient, encoding.entries[task.group], context));
    } catch (const NonFiniteError& error) {
      blame_gradient(source, task.worker, group, error.element);
    }
  }
}

/// Groups so large that one a thread would take too much memory are done one after another, each with all threads.
bool is_large(const Task& task) {
  return task.elements() > (1U << 22);
}

/// Buffers that threads take and give back.
class BufferPool {
 public:
  explicit BufferPool(std::size_t size) : size_(size) {}

  std::unique_ptr<float[]> take() {
    const std::lock_guard lock(mutex_);
    // Not a vector, which would write zeros first.
    if (free_.empty()) return std::unique_ptr<float[]>(new float[size_]);
    std::unique_ptr<float[]> buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  void give(std::unique_ptr<float[]> buffer) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<float[]>> free_;
};

/// Runs the tasks on `outer` threads, and with `inner` threads in each task.
void run_tasks(const std::vector<Task>& tasks, unsigned outer, unsigned inner, const std::function<void()>& step) {
  std::size_t largest = 0;
  for (const Task& task : tasks) largest = std::max(largest, task.elements());
  BufferPool buffers(largest);
  parallel_for(tasks.size(), outer, [&](std::size_t i) {
    std::unique_ptr<float[]> buffer = buffers.take();
    encode_group(tasks[i], inner, {buffer.get(), buffers.size()});
    buffers.give(std::move(buffer));
    step();
  });
}

}  // namespace

double PayloadTable::mean_bytes(std::size_t workers) const {
  double total = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    for (std::size_t group = 0; group < groups_; ++group) total += static_cast<double>(at(worker, group).size());
  }
  return total / static_cast<double>(workers);
}

PayloadStage::PayloadStage(const Study& study, const std::vector<std::size_t>& points, unsigned threads,
                           const Progress& progress) {
  Plan plan(study, points, threads);
  check_memory(study, plan.sources());

  std::vector<Task> small;
  std::vector<Task> large;
  for (auto& [key, source] : plan.sources()) {
    for (std::size_t worker = 0; worker < source.workers; ++worker) {
      for (std::size_t g = 0; g < source.groups.size(); ++g) {
        const Task task{&source, worker, g};
        (is_large(task) ? large : small).push_back(task);
      }
    }
  }
  std::atomic<std::size_t> done = 0;
  const auto step = [&] { progress(++done, small.size() + large.size()); };
  run_tasks(small, threads, 1, step);
  run_tasks(large, 1, threads, step);
  batch_ = {points, plan.tables()};
}

std::optional<PayloadStage::Batch> PayloadStage::next() {
  return std::exchange(batch_, std::nullopt);
}

}  // namespace simrun
