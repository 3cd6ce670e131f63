#include "sim/payloads/gradient_source.hpp"

#include <algorithm>
#include <mutex>

#include "kernels/parallel.hpp"
#include "sim/system/version.hpp"
#include "sim/text/json.hpp"
#include "sim/workload/kept_tensors.hpp"

namespace simrun {
namespace {

/// Memory that threads take and give back.
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

 private:
  std::size_t size_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<float[]>> free_;
};

/// What hosts make of their GPUs' gradients.
std::string host_part(const HostGroups& hosts) {
  return hosts.gpus == 1 ? "" : std::string(name_of(hosts.hierarchy)) + " of " + std::to_string(hosts.gpus);
}

}  // namespace

std::unique_ptr<const Gradients> gradients_of(const Scenario& scenario) {
  const auto* synthetic = std::get_if<SyntheticGradients>(&scenario.gradients);
  std::unique_ptr<const Gradients> gradients =
      synthetic != nullptr
          ? make_synthetic_gradients(*synthetic, *scenario.model)
          : make_file_gradients(scenario.file, std::get<GradientFiles>(scenario.gradients).files, *scenario.model);
  return rounded(std::move(gradients), scenario.gradient_precision, *scenario.model);
}

GradientSource::GradientSource(const Scenario& scenario, std::unique_ptr<const Gradients> gradients)
    : scenario_(scenario),
      hosts_(scenario.host_groups()),
      groups_(encoded_groups(scenario)),
      gradients_(std::move(gradients)) {
  add_workers(scenario);
}

std::string GradientSource::identity(const Scenario& scenario) {
  const Json& all = *scenario.resolved;
  return all["model"].dump() + all["gradients"].dump() + all["schedule"].dump() + host_part(scenario.host_groups()) +
         ", " + std::to_string(scenario.method.local.fragments);
}

bool GradientSource::has_gradients_of(const GradientSource& other) const {
  const Json& mine = *scenario_.resolved;
  const Json& others = *other.scenario_.resolved;
  return hosts_.gpus == 1 && other.hosts_.gpus == 1 && workers_ == other.workers_ && mine["model"] == others["model"] &&
         mine["gradients"] == others["gradients"];
}

bool GradientSource::is_shared() const {
  const auto* files = std::get_if<GradientFiles>(&scenario_.gradients);
  return files != nullptr && files->count == 1;
}

void GradientSource::add_workers(const Scenario& scenario) {
  workers_ = std::max(workers_, scenario.different_gradients());
}

double GradientSource::bytes_kept() const {
  if (!std::holds_alternative<SyntheticGradients>(scenario_.gradients)) return 0;
  return KeptTensors::fit(*scenario_.model) ? sizeof(float) * static_cast<double>(scenario_.model->elements()) : 0;
}

std::size_t GradientSource::largest_group() const {
  std::size_t largest = 0;
  for (const Group& group : groups_) largest = std::max<std::size_t>(largest, group.elements);
  return largest;
}

void GradientSource::check(unsigned threads) {
  if (!std::holds_alternative<GradientFiles>(scenario_.gradients)) return;
  contents_.resize(workers_);
  is_zero_.assign(workers_, 1);
  for_each_worker(0, workers_, threads, part_size(), 0,
                  [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
                    DigestStream contents;
                    for (std::size_t g = 0; g < groups_.size(); ++g) {
                      for_each_part(worker, g, inner, buffer, [&](std::uint64_t, std::span<const float> part) {
                        contents.add(std::as_bytes(part));
                        const auto is_zero = [](float x) { return x == 0; };
                        if (is_zero_[worker] != 0 && !std::all_of(part.begin(), part.end(), is_zero))
                          is_zero_[worker] = 0;
                      });
                    }
                    contents_[worker] = contents.digest();
                  });
}

std::size_t GradientSource::zeros() const {
  return static_cast<std::size_t>(std::count(is_zero_.begin(), is_zero_.end(), 1));
}

std::string GradientSource::key(std::size_t worker) const {
  Json groups = Json::array();
  for (const Group& group : groups_) {
    Json tensors = Json::array();
    for (const std::size_t tensor : group.tensors)
      tensors.push_back({tensor, scenario_.model->tensors[tensor].elements()});
    groups.push_back(tensors);
  }
  const Json made_of =
      contents_.empty() ? Json{scenario_.resolved->at("gradients"), worker} : Json(hexadecimal(contents_[worker]));
  return Json{program_identity(), made_of, groups, host_part(hosts_)}.dump();
}

std::size_t GradientSource::part_size() const {
  constexpr std::size_t most = std::size_t{1} << 22;
  static_assert(most % Gradients::grain == 0);
  if (hosts_.gpus > 1) return largest_group();
  return std::min(largest_group(), most);
}

void GradientSource::for_each_worker(std::size_t first, std::size_t last, unsigned threads, std::size_t size,
                                     std::size_t more,
                                     const std::function<void(std::size_t, unsigned, std::span<float>)>& work) const {
  constexpr std::size_t most = std::size_t{1} << 26;  // elements in memory; beyond that workers go one by one
  const std::size_t side_by_side = std::max<std::size_t>(1, most / (size + more));
  const auto outer = static_cast<unsigned>(std::min({std::size_t{threads}, last - first, side_by_side}));
  BufferPool buffers(size);
  parallel_for(last - first, outer, [&](std::size_t i) {
    std::unique_ptr<float[]> buffer = buffers.take();
    work(first + i, std::max(1U, threads / outer), {buffer.get(), size});
    buffers.give(std::move(buffer));
  });
}

void GradientSource::for_each_part(std::size_t worker, std::size_t group, unsigned threads, std::span<float> buffer,
                                   const std::function<void(std::uint64_t, std::span<const float>)>& work) const {
  if (hosts_.gpus > 1) return work(0, fill_mean(worker, groups_[group], threads, buffer));
  std::uint64_t first = 0;  // of what is in the buffer
  std::size_t held = 0;
  const auto hand_over = [&] {
    work(first, buffer.first(held));
    first += held;
    held = 0;
  };
  for (const std::size_t tensor : groups_[group].tensors) {
    const std::uint64_t size = scenario_.model->tensors[tensor].elements();
    for (std::uint64_t at = 0; at < size;) {
      // All that is left of the tensor, or as much as the next part of it may begin after.
      std::size_t count = buffer.size() - held;
      count = count >= size - at ? static_cast<std::size_t>(size - at) : count / Gradients::grain * Gradients::grain;
      if (count > 0) gradients_->fill_part(static_cast<int>(worker), tensor, at, threads, buffer.subspan(held, count));
      held += count;
      at += count;
      if (at < size) hand_over();
    }
  }
  if (held > 0) hand_over();
}

std::span<const float> GradientSource::fill(std::size_t worker, const Group& group, unsigned threads,
                                            std::span<float> buffer) const {
  if (hosts_.gpus > 1) return fill_mean(worker, group, threads, buffer);
  std::size_t offset = 0;
  for (const std::size_t tensor : group.tensors) {
    const std::size_t size = scenario_.model->tensors[tensor].elements();
    gradients_->fill(static_cast<int>(worker), tensor, threads, buffer.subspan(offset, size));
    offset += size;
  }
  return buffer.first(offset);
}

/// The mean over the GPUs of a host, or the encoder's part of it.
std::span<const float> GradientSource::fill_mean(std::size_t encoder, const Group& group, unsigned threads,
                                                 std::span<float> buffer) const {
  const auto gpus = static_cast<std::size_t>(hosts_.gpus);
  const bool is_part = hosts_.shards() > 1;
  const std::size_t host = is_part ? encoder / gpus : encoder;
  const std::span<float> mean = buffer.first(group.elements);
  std::fill(mean.begin(), mean.end(), 0.0F);
  const std::uint64_t first = is_part ? encoder % gpus * mean.size() : 0;
  for (std::size_t gpu = 0; gpu < gpus; ++gpu)
    add_range(static_cast<int>(host * gpus + gpu), group, first, threads, mean);
  for (float& value : mean) value /= static_cast<float>(gpus);
  return mean;
}

/// Adds the worker's gradient of the group from element `first` on.
void GradientSource::add_range(int worker, const Group& group, std::uint64_t first, unsigned threads,
                               std::span<float> sum) const {
  constexpr std::uint64_t most = std::uint64_t{1} << 20;
  std::vector<float> made;
  std::uint64_t begin = 0;  // of the tensor in the group
  for (const std::size_t tensor : group.tensors) {
    const std::uint64_t end = begin + scenario_.model->tensors[tensor].elements();
    const std::uint64_t last = std::min<std::uint64_t>(end, first + sum.size());
    for (std::uint64_t at = std::max(begin, first); at < last;) {
      const std::uint64_t from = (at - begin) / Gradients::grain * Gradients::grain;
      const std::uint64_t to = std::min(last - begin, from + most);
      made.resize(to - from);
      gradients_->fill_part(worker, tensor, from, threads, made);
      for (; at < begin + to; ++at) sum[at - first] += made[at - begin - from];
    }
    begin = end;
  }
}

// Source: SplitMix64, Steele, Lea and Flood, OOPSLA 2014.
std::uint64_t GradientSource::seed(std::size_t worker, std::size_t group, std::size_t step) const {
  const auto* synthetic = std::get_if<SyntheticGradients>(&scenario_.gradients);
  std::uint64_t state = synthetic != nullptr ? synthetic->seed : 0;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(worker), static_cast<std::uint64_t>(group) + (std::uint64_t{step} << 32U)}) {
    state += part + 0x9E3779B97F4A7C15;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
    state ^= state >> 31;
  }
  return state;
}

}  // namespace simrun
