// Kernels that read gradients of 16 bits, any finite bits, against the same kernels with these widened to fp32 first.
// That encoding rounded gradients gives what the CPU back end gives is tested with all operations of a profile.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "kernels/cuda/accumulate.hpp"
#include "kernels/cuda/bucket_norms.hpp"
#include "kernels/cuda/chunked_top_k.hpp"
#include "kernels/cuda/cosine_transform.hpp"
#include "kernels/cuda/dense16.hpp"
#include "kernels/cuda/low_rank.hpp"
#include "kernels/cuda/quantize.hpp"
#include "kernels/cuda/scales.hpp"
#include "kernels/cuda/signs.hpp"
#include "kernels/cuda/small_top_k.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

/// A machine, and what kernels write there.
struct Bench {
  struct alignas(16) Line {
    std::byte bytes[16];
  };

  std::size_t n;
  HostMachine machine{2};
  HostMachine::Buffer<float> residual = uploaded(normal_values(n, 3));
  std::vector<std::vector<Line>> arrays = {};

  template <class T>
  T* zeros(std::size_t count) {
    arrays.emplace_back((count * sizeof(T) + sizeof(Line) - 1) / sizeof(Line));
    return reinterpret_cast<T*>(arrays.back().data());
  }

  bool has_written_as(const Bench& other) const {
    const auto same = [](const auto& x, const auto& y) {
      return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(*x.data())) == 0;
    };
    return same(residual, other.residual) && std::ranges::equal(arrays, other.arrays, same);
  }
};

/// Requires of run(bench, gradient) the same writes for elements of 16 bits and for floats.
template <class Gradient, class Run>
void check_alike(const Run& run) {
  for (const std::size_t n : {1U, 6U, 4099U, 20'007U}) {
    for (const unsigned mask : {0x83FFU, 0xBBFFU}) {  // denormal, finite
      INFO("N = " << n << ", mask " << mask);
      std::mt19937 random(static_cast<unsigned>(n));
      std::vector<Gradient> narrow(n);
      for (Gradient& element : narrow) element.bits = static_cast<std::uint16_t>(random() & mask);
      std::vector<float> wide;
      for (const Gradient& element : narrow) wide.push_back(widened(element));
      Bench of_narrow{n};
      Bench of_wide{n};
      run(of_narrow, uploaded(narrow).data());
      run(of_wide, uploaded(wide).data());
      CHECK(of_narrow.has_written_as(of_wide));
    }
  }
}

template <class Gradient>
CorrectedElements<Gradient> corrected(const Gradient* x, Bench& bench) {
  return {x, bench.residual.data()};
}

template <class Gradient>
GivenElements<Gradient> given(const Gradient* x) {
  return {x};
}

}  // namespace

TEMPLATE_TEST_CASE("kernels of signs read gradients of 16 bits", "[cuda]", Half, BFloat16) {
  check_alike<TestType>([](Bench& on, const auto* x) {
    launch_pack_signs(on.machine, x, Entries{on.n}, on.zeros<std::uint32_t>(words_of(on.n)),
                      on.zeros<std::uint64_t>(1));
  });
  check_alike<TestType>([]<class T>(Bench& on, const T* x) {
    launch_pack_signs_of(on.machine, MovedOn<T>{x, 0.9F, on.residual.data()}, Entries{on.n},
                         on.zeros<std::uint32_t>(words_of(on.n)), on.zeros<std::uint64_t>(1));
  });
  check_alike<TestType>([](Bench& on, const auto* x) {
    launch_find_scales(on.machine, corrected(x, on), on.n, MeanMagnitude{on.zeros<float>(1)},
                       on.zeros<double>(sums_of(on.n)), on.zeros<ScaleState>(1));
  });
  check_alike<TestType>([](Bench& on, const auto* x) {
    launch_find_scales(on.machine, corrected(x, on), on.n, MeansOfSigns{on.zeros<float>(2)},
                       on.zeros<double>(3 * sums_of(on.n)), on.zeros<ScaleState>(1));
  });
}

TEMPLATE_TEST_CASE("kernels that round read gradients of 16 bits", "[cuda]", Half, BFloat16) {
  constexpr Rounding rounding{.levels = 127, .bits = 8, .bucket = 256};
  const auto words = [](Bench& on) { return on.zeros<std::uint32_t>(code_words(on.n, 9)); };
  check_alike<TestType>([&](Bench& on, const auto* x) {
    float* const scale = on.zeros<float>(1);
    launch_find_scales(on.machine, given(x), on.n, ClippedMagnitude{scale}, on.zeros<double>(sums_of(on.n)),
                       on.zeros<ScaleState>(1));
    launch_round(on.machine, LevelCode{{}, scale}, x, on.n, 7, words(on), on.zeros<std::uint64_t>(1));
  });
  check_alike<TestType>([&](Bench& on, const auto* x) {
    launch_round_to_norms(on.machine, rounding, x, on.n, 7, on.zeros<float>(rounding.buckets(on.n)), words(on),
                          on.zeros<std::uint64_t>(1));
  });
  check_alike<TestType>([&](Bench& on, const auto* x) {
    launch_round(on.machine, PowerCode{}, x, on.n, 7, words(on), on.zeros<std::uint64_t>(1));
  });
  check_alike<TestType>([&]<class T>(Bench& on, const T* x) {
    launch_quantize(on.machine,
                    Quantization<T>{x, on.residual.data(), on.n, rounding, on.zeros<float>(rounding.buckets(on.n)),
                                    words(on), on.zeros<std::uint64_t>(1)});
  });
  check_alike<TestType>([](Bench& on, const auto* x) {
    launch_to_narrow<Half>(on.machine, x, on.zeros<std::uint16_t>(on.n), on.n, on.zeros<NarrowFlaws>(1));
  });
}

TEMPLATE_TEST_CASE("kernels of error feedback read gradients of 16 bits", "[cuda]", Half, BFloat16) {
  check_alike<TestType>(
      [](Bench& on, const auto* x) { launch_accumulate(on.machine, x, 0.9F, on.residual.data(), on.n); });
  for (const Chunking& chunking : {Chunking{64, 5}, Chunking{4096, 64}}) {
    check_alike<TestType>([&]<class T>(Bench& on, const T* x) {
      const std::size_t entries = chunking.entries(on.n);
      launch_chunked_top_k(on.machine,
                           ChunkedTopK<T>{x, on.residual.data(), on.n, chunking,
                                          on.zeros<std::uint32_t>(code_words(entries, chunking.place_bits())),
                                          on.zeros<float>(entries), on.zeros<std::uint64_t>(1)});
    });
    check_alike<TestType>([&]<class T>(Bench& on, const T* x) {
      launch_transform_chunks(on.machine,
                              ChunkTransform<T>{x, on.residual.data(), on.n, chunking.chunk, &CosineTables::get(),
                                                on.zeros<float>(on.n), on.zeros<std::uint64_t>(1)});
    });
  }
  check_alike<TestType>([]<class T>(Bench& on, const T* x) {
    const auto size = static_cast<std::uint32_t>(on.n);
    const SmallTopK<T> job{x,
                           on.residual.data(),
                           size,
                           1 + size / 10,
                           on.zeros<std::uint32_t>(size),
                           on.zeros<float>(size),
                           on.residual.data(),
                           true,
                           nullptr};
    on.machine.launch(1, SelectSmall<T>{{}, &job, on.zeros<Outcome>(1)});
  });
  for (const std::uint64_t rank : {1U, 5U}) {  // as many vectors as are taken at once, and more
    check_alike<TestType>([&](Bench& on, const auto* x) {
      const LowRank shape{.rows = on.n / 6, .columns = 6, .rank = rank};
      if (shape.rows == 0) return;
      const std::vector<float> q = normal_values(shape.columns * rank, 5);
      launch_multiply(on.machine, shape, corrected(x, on), q.data(), on.zeros<float>(shape.rows * rank));
      launch_multiply(on.machine, shape, given(x), q.data(), on.zeros<float>(shape.rows * rank));
    });
  }
}

TEMPLATE_TEST_CASE("kernels report what is not finite in 16 bits", "[cuda]", Half, BFloat16) {
  std::vector<TestType> x(5000, TestType{0x3C00});
  x[4001].bits = 0x7FFF;
  x[3001].bits = std::is_same_v<TestType, Half> ? 0xFC00 : 0xFF80;  // minus infinity
  const auto gradient = uploaded(x);
  std::vector<std::uint32_t> words(x.size());
  for (const bool rounds : {false, true}) {
    std::uint64_t non_finite = 0;
    HostMachine machine(2);
    if (rounds) {
      launch_round(machine, PowerCode{}, gradient.data(), x.size(), 7, words.data(), &non_finite);
    } else {
      launch_pack_signs(machine, gradient.data(), Entries{x.size()}, words.data(), &non_finite);
    }
    CHECK(~non_finite == 3001);
  }
}
