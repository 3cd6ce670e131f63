#include "bench/side_by_side.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/side_by_side_error.hpp"
#include "kernels/codec.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

std::string& last_error() {
  static thread_local std::string text;
  return text;
}

int guarded(const std::function<void()>& work) {
  try {
    work();
    return 0;
  } catch (const std::exception& error) {
    last_error() = error.what();
    return -1;
  }
}

namespace {

void add(const float* gradient, float* residual, std::uint64_t size) {
  for (std::uint64_t i = 0; i < size; ++i) residual[i] += gradient[i];
}

}  // namespace
}  // namespace simrun

using namespace simrun;

const char* simrun_error() {
  return last_error().c_str();
}

int simrun_cpu_top_k(const float* gradient, float* residual, std::uint64_t size, std::uint64_t k, std::uint64_t threads,
                     std::uint32_t* indices, float* values) {
  return guarded([&] {
    const auto primitives = make_cpu_primitives(static_cast<unsigned>(threads));
    const std::span<float> corrected(residual, size);
    primitives->accumulate({gradient, size}, 1, corrected);
    const Pairs pairs = primitives->select_largest(corrected, k);
    std::copy(pairs.indices.begin(), pairs.indices.end(), indices);
    std::copy(pairs.values.begin(), pairs.values.end(), values);
    primitives->scatter_zero(pairs.indices, corrected);
  });
}

int simrun_cpu_pack_signs(const float* x, std::uint64_t size, std::uint64_t threads, std::uint32_t* words) {
  return guarded([&] {
    make_cpu_primitives(static_cast<unsigned>(threads))->pack_signs({x, size}, {words, (size + 31) / 32});
  });
}

int simrun_cpu_chunked_top_k(const float* gradient, float* residual, std::uint64_t size, std::uint64_t chunk,
                             std::uint64_t keeps, std::uint64_t threads, std::uint32_t* words, float* values) {
  return guarded([&] {
    const auto primitives = make_cpu_primitives(static_cast<unsigned>(threads));
    const Chunking chunking{static_cast<std::uint32_t>(chunk), static_cast<std::uint32_t>(keeps)};
    const std::span<float> corrected(residual, size);
    const std::span<float> kept(values, chunking.entries(size));
    const std::span<std::uint32_t> places(words, code_words(kept.size(), chunking.place_bits()));
    primitives->accumulate({gradient, size}, 1, corrected);
    primitives->select_in_chunks(chunking, corrected, places, kept);
    primitives->scatter_zero(ChunkedPairsView{chunking, places, kept}.indices(), corrected);
  });
}

int simrun_cpu_encode(const char* codec, const float* gradient, float* residual, float* velocity, std::uint64_t size,
                      std::uint64_t k, std::uint64_t threads, float* decoded) {
  return guarded([&] {
    const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(static_cast<unsigned>(threads));
    const auto made = find_codec(codec)->make({}, primitives);
    std::span<const float> values(gradient, size);
    if (velocity != nullptr) {
      primitives->accumulate(values, 0.9F, {velocity, size});
      values = {velocity, size};
    }
    if (residual != nullptr) {
      primitives->accumulate(values, 1, {residual, size});
      values = {residual, size};
    }
    const Payload payload = made->encode(values, k, {});
    if (residual != nullptr) made->settle(payload, {residual, size}, {});
    if (residual != nullptr && velocity != nullptr) made->settle(payload, {velocity, size}, {});
    if (decoded != nullptr) made->decode(payload, 1, {decoded, size}, {});
  });
}

int simrun_cpu_nth_element(const float* gradient, float* residual, std::uint64_t size, std::uint64_t k,
                           std::uint32_t* indices, float* values) {
  return guarded([&] {
    add(gradient, residual, size);
    static std::vector<std::uint64_t> order;  // as a caller would who does this every iteration
    order.resize(size);
    // Larger magnitude first, then lower index: both in one number that is to be small.
    for (std::uint64_t i = 0; i < size; ++i) order[i] = std::uint64_t{~magnitude_key(residual[i])} << 32 | i;
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(order.begin(), end, order.end());
    std::transform(order.begin(), end, indices, [](std::uint64_t pair) { return static_cast<std::uint32_t>(pair); });
    std::sort(indices, indices + k);
    for (std::uint64_t j = 0; j < k; ++j) values[j] = std::exchange(residual[indices[j]], 0.0F);
  });
}
