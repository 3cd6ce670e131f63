#include "sim/payloads/payload_job.hpp"

#include <algorithm>

#include "kernels/vote_count.hpp"
#include "sim/payloads/sampled_sizes.hpp"
#include "sim/payloads/selector.hpp"
#include "sim/payloads/shared_memory.hpp"
#include "sim/payloads/voted_sizes.hpp"

namespace simrun {

std::string encoding_name(const Scenario& scenario) {
  const MethodChoice& method = scenario.method;
  std::string name(method.codec->encoding);
  for (const CodecParameter* parameter : method.codec->parameters)
    name += "/" + std::to_string(parameter->get(method.options));
  return name + "/" + std::to_string(scenario.entries());
}

Making making_of(const Scenario& scenario, const Codec& codec, const GradientSource& source) {
  const bool in_one_place =
      scenario.method.collective->has_server && scenario.host_groups().hierarchy == Hierarchy::flat;
  if (in_one_place && is_counted(codec) && !source.is_shared()) return Making::count;
  return codec.keeps_largest() ? Making::select : Making::encode;
}

namespace {

/// At most, all workers' together. Sparse signs leave out zeros, and fewer indices may take a word more in elias-fano.
double bytes_of_payloads(const Encoding& encoding, const GradientSource& source) {
  constexpr std::uint64_t word = 4;
  if (encoding.sizes_alone() || encoding.making == Making::count) return 0;  // of these only sizes are kept
  double bytes = 0;
  for (std::size_t g = 0; g < source.groups().size(); ++g) {
    const auto shape = encoding.codec->shape(source.groups()[g].elements, encoding.entries[g], source.shapes(g));
    const std::uint64_t elements = source.groups()[g].elements;
    bytes += static_cast<double>(SharedPlace::room_for(
        word + (shape ? shape->bytes : encoding.codec->most_bytes(elements, encoding.entries[g]))));
  }
  return bytes * static_cast<double>(source.workers());
}

}  // namespace

double most_bytes_of_payloads(const PayloadJob& job) {
  double most = 0;
  for (const Encoding& encoding : job.encodings) most = std::max(most, bytes_of_payloads(encoding, *job.source));
  return most;
}

std::size_t count_of(Making making, const PayloadJob& job) {
  return static_cast<std::size_t>(std::ranges::count(job.encodings, making, &Encoding::making));
}

double bytes_of(const PayloadJob& job) {
  double entries = 0;
  for (const std::uint64_t k : job.entries) entries += static_cast<double>(k);
  const bool is_in_parts = count_of(Making::encode, job) == 0;
  const double gradient = 4 * static_cast<double>(is_in_parts ? job.source->part_size() : job.source->largest_group());
  const auto workers = static_cast<double>(job.source->workers());
  const double held = count_of(Making::select, job) > 0 ? workers : 1;
  const std::size_t votings = std::min(count_of(Making::count, job), NestedVotes::most_votings);
  const double sizes = static_cast<double>(sizeof(Payload) * votings * job.source->groups().size()) * workers;
  return 8 * entries * held + most_bytes_of_payloads(job) + gradient + Selector::bytes_to_find(job.entries) +
         bytes_to_count(*job.source, job.entries, votings) + sizes + job.source->bytes_kept();
}

std::uint64_t elements_of(const PayloadJob& job) {
  std::uint64_t elements = 0;
  for (const Group& group : job.source->groups()) elements += group.elements;
  const auto sized = static_cast<std::size_t>(std::ranges::count_if(job.encodings, &Encoding::sizes_alone));
  const std::size_t passes = count_of(Making::encode, job) - sized + std::min<std::size_t>(1, sized) +
                             std::min<std::size_t>(1, count_of(Making::select, job)) +
                             (count_of(Making::count, job) + NestedVotes::most_votings - 1) / NestedVotes::most_votings;
  return passes * job.source->workers() * elements;
}

double elements_of_gradients(const Scenario& scenario) {
  if (scenario.is_sampled()) return static_cast<double>(samples_of_gradients * *scenario.gradient_sample);
  const auto codec = scenario.method.codec->make(scenario.method.options, nullptr);
  if (is_dense(codec->kind()) || !codec->sizes_need_contents()) return 0;
  const double looks = codec->keeps_largest() ? 1 : varying_steps;
  return looks * static_cast<double>(scenario.different_gradients()) * static_cast<double>(scenario.elements());
}

}  // namespace simrun
