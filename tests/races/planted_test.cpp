// Kernels with mistakes: what ThreadedMachine finds of them.

#include <catch2/catch.hpp>

#include "tests/races/threaded_machine.hpp"

using namespace simrun::cuda;
using Catch::Contains;

namespace {

/// What all these kernels have in common: every thread works on a place of its own in shared memory.
struct Planted {
  static constexpr const char* name = "planted";
  static constexpr unsigned threads = 64;
  static constexpr unsigned residency = 1;
  struct Shared {
    std::uint32_t values[threads];
    std::uint32_t extra;
  };
  std::uint32_t* out;

  static unsigned neighbour(unsigned t) { return (t + 1) % threads; }
};

struct Flawless : Planted {
  template <class Block>
  void run(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned t) { shared.values[t] = t; });
    block.each_warp([&](auto& warp) {
      warp.each_lane([&](unsigned lane) { out[warp.thread(lane)] = shared.values[neighbour(warp.thread(lane))]; });
      if (warp.ballot([](unsigned) { return true; }) != ~0U) return;
      warp.each_lane([&](unsigned lane) { out[warp.thread(lane) ^ 1U] += 1; });
    });
    if (block.number() == 0) block.once([&] { block.put(&shared.extra, 1U); });
    block.each_thread([&](unsigned) { block.put(&shared.extra, 2U); });
  }
};

/// Two phases, of which the second reads what the first writes, as one.
struct MissingBarrier : Planted {
  template <class Block>
  void run(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned t) {
      shared.values[t] = t;
      out[t] = shared.values[neighbour(t)];
    });
  }
};

/// The same in a warp: a ballot is no barrier.
struct MissingWarpBarrier : Planted {
  template <class Block>
  void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      std::uint32_t word = warp.ballot([&](unsigned lane) {
        shared.values[warp.thread(lane)] = lane;
        return true;
      });
      warp.each_lane([&](unsigned lane) { out[warp.thread(lane)] = shared.values[warp.thread(lane) ^ 1U] + word; });
    });
  }
};

struct SameValuePlainly : Planted {
  template <class Block>
  void run(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned) { shared.extra = 1; });
  }
};

/// Reads what another block wrote, which need not have done so yet.
struct OtherBlock : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    block.once([&] { out[block.number()] = 1; });
    block.once([&] { out[2] += out[1 - block.number()]; });
  }
};

/// Reads what other blocks wrote in a block that is not the last.
struct NotLast : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    block.once([&] { out[block.number()] = 1; });
    if (!block.last_to_arrive(out + 2)) block.once([&] { out[3] += out[1 - block.number()]; });
  }
};

struct Last : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    block.once([&] { out[block.number()] = 1; });
    if (block.last_to_arrive(out + 2)) block.once([&] { out[3] = block.read_fresh(out) + block.read_fresh(out + 1); });
  }
};

/// What others wrote in the step before: all have done so.
struct NextStep : Planted {
  static constexpr unsigned steps = 3;
  static bool needs(unsigned step) { return step != 1; }

  template <class Block>
  void run(Block& block, Shared&, unsigned step) const {
    block.once([&] {
      if (step == 0) out[block.number()] = 1;
      if (step == 1) out[2] = 7;
      if (step == 2) out[2 + block.number()] = out[1 - block.number()];
    });
  }
};

/// Both blocks write to the same place in the second step.
struct RaceInStep : Planted {
  static constexpr unsigned steps = 2;
  static bool needs(unsigned) { return true; }

  template <class Block>
  void run(Block& block, Shared&, unsigned step) const {
    block.once([&] { out[step == 0 ? block.number() : 2] += 1; });
  }
};

/// The first warp is in another call than the second.
struct Divergent : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    bool first = false;
    block.each_thread([&](unsigned t) { first = t < warp_lanes; });
    if (first) block.each_thread([](unsigned) {});
    block.once([] {});
  }
};

struct EarlyReturn : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    bool first = false;
    block.each_thread([&](unsigned t) { first = t == 0; });
    if (first) return;
    block.once([] {});
  }
};

/// Lanes of a warp are in different calls, of the same name.
struct DivergentWarp : Planted {
  template <class Block>
  void run(Block& block, Shared&) const {
    block.each_warp([&](auto& warp) {
      bool first = false;
      warp.each_lane([&](unsigned lane) { first = lane == 0; });
      if (first) {
        warp.ballot([](unsigned) { return true; });
      } else {
        warp.ballot([](unsigned) { return false; });
      }
    });
  }
};

template <class Kernel>
void launch(unsigned blocks = 1) {
  const QuietReports quiet;
  std::vector<std::uint32_t> out(Planted::threads);
  ThreadedMachine().launch(blocks, Kernel{out.data()});
}

}  // namespace

TEST_CASE("kernels without mistakes pass") {
  CHECK_NOTHROW(launch<Flawless>());
  for (int time = 0; time < 5; ++time) CHECK_NOTHROW(launch<Last>(2));
  CHECK_NOTHROW(launch<NextStep>(2));
}

TEST_CASE("races between threads of a phase are found") {
  CHECK_THROWS_WITH(launch<MissingBarrier>(), "planted: ThreadSanitizer reports a data race");
  CHECK_THROWS_WITH(launch<MissingWarpBarrier>(), Contains("data race"));
  CHECK_THROWS_WITH(launch<SameValuePlainly>(), Contains("data race"));
}

TEST_CASE("races between blocks are found") {
  CHECK_THROWS_WITH(launch<OtherBlock>(2), Contains("data race"));
  CHECK_THROWS_WITH(launch<NotLast>(2), Contains("data race"));
  CHECK_THROWS_WITH(launch<RaceInStep>(2), Contains("data race"));
}

TEST_CASE("calls that not all threads make are found") {
  CHECK_THROWS_WITH(launch<Divergent>(), Contains("planted: the threads of a block are not in the same call: 32 in "
                                                  "each_thread at line") &&
                                             Contains("of planted_test.cpp, 32 in once at line"));
  CHECK_THROWS_WITH(launch<EarlyReturn>(), Contains("63 in once at line") && Contains("1 in return at line"));
  CHECK_THROWS_WITH(launch<DivergentWarp>(), Contains("2 in ballot at line") && Contains("62 in ballot at line"));
}
