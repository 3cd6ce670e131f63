#pragma once

#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/small_top_k.hpp"
#include "kernels/cuda/streaming.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

// The largest elements of every chunk, as Primitives::select_in_chunks tells. A chunk is read once, into shared memory,
// where a block, or a warp if the chunk is small, selects. Blocks look after runs of chunks whose places fill whole
// words, so that no word belongs to two of them.

/// Four elements of an array begin at a multiple of their size.
template <class Gradient>
struct ChunkedTopK {
  const Gradient* gradient;  ///< null: x stays as it is; else x += gradient, and what is selected becomes 0 in it
  float* x;
  std::uint64_t size;
  Chunking chunking;
  std::uint32_t* words;  ///< of the places of all entries
  float* values;
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity)
};

/// One chunk of a run.
struct ChunkOfRun {
  std::uint64_t first;  ///< element
  unsigned size;
  unsigned keeps;
  std::uint64_t entry;  ///< its first
  bool begins_run;
  bool ends_run;
};

/// Reads 4 bytes an element; with a gradient reads its element as well, and writes 4 bytes. Writes 4 bytes and a place
/// an entry.
template <class Gradient>
struct SelectInChunks {
  ChunkedTopK<Gradient> job;
  std::uint64_t chunks;
  std::uint64_t chunks_a_run;
  unsigned place_bits;

 protected:
  SIMRUN_DEVICE std::uint64_t runs() const { return divide_up(chunks, chunks_a_run); }

  /// Calls work(chunk) for the chunks of a run, in order.
  template <class Work>
  SIMRUN_DEVICE void for_chunks(std::uint64_t run, const Work& work) const {
    const std::uint64_t begin = run * chunks_a_run;
    const std::uint64_t end = smaller(begin + chunks_a_run, chunks);
    for (std::uint64_t c = begin; c < end; ++c) {
      const std::uint64_t first = c * job.chunking.chunk;
      const auto size = static_cast<unsigned>(smaller<std::uint64_t>(job.chunking.chunk, job.size - first));
      work(
          ChunkOfRun{first, size, smaller(job.chunking.keeps, size), c * job.chunking.keeps, c == begin, c + 1 == end});
    }
  }

  /// Thread t of `threads` loads its part of a chunk into `x`.
  template <class Block>
  SIMRUN_DEVICE void load(Block& block, const ChunkOfRun& chunk, float* x, unsigned t, unsigned threads) const {
    for (unsigned q = t; q < quads_of(chunk.size); q += threads) {
      Quad own = load_quad_once(block, job.x + chunk.first, q, chunk.size);
      if (job.gradient != nullptr) {
        const Quad more = load_quad_once(block, job.gradient + chunk.first, q, chunk.size);
        SIMRUN_UNROLL
        for (unsigned c = 0; c < 4; ++c) own.values[c] += more.values[c];
      }
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        x[q * 4 + c] = own.values[c];
        if (key_of(own.values[c]) >= least_non_finite_key) block.take_max(job.non_finite, ~(chunk.first + q * 4 + c));
      }
    }
  }

  /// Writes a chunk back, in which 0 is where an entry was.
  SIMRUN_DEVICE void store(const ChunkOfRun& chunk, const float* x, unsigned t, unsigned threads) const {
    if (job.gradient == nullptr) return;
    for (unsigned q = t; q < quads_of(chunk.size); q += threads)
      store_quad({{x[q * 4], x[q * 4 + 1], x[q * 4 + 2], x[q * 4 + 3]}}, job.x + chunk.first, q, chunk.size);
  }

  /// Thread t of `threads` writes its part of the words with the places of a chunk. A word that the next chunk ends is
  /// passed on in `carry`, of two of which the chunks take turns to read and to write.
  SIMRUN_DEVICE void pack(const ChunkOfRun& chunk, const std::uint16_t* places, std::uint32_t* carry, unsigned t,
                          unsigned threads) const {
    const unsigned bits = place_bits;
    const std::uint64_t begin = chunk.entry * bits;
    const std::uint64_t end = begin + std::uint64_t{chunk.keeps} * bits;
    const unsigned shift = chunk.begins_run ? 0U : static_cast<unsigned>(begin % 32);
    for (std::uint64_t w = begin / 32 + t; w * 32 < end; w += threads) {
      std::uint32_t word = w * 32 < begin && shift > 0 ? carry[turn_of(chunk)] : 0U;
      unsigned j = w * 32 > begin ? static_cast<unsigned>((w * 32 - begin) / bits) : 0U;
      for (; j < chunk.keeps && begin + std::uint64_t{j} * bits < w * 32 + 32; ++j) {
        const std::uint64_t bit = begin + std::uint64_t{j} * bits;
        word |= bit >= w * 32 ? std::uint32_t{places[j]} << (bit - w * 32) : std::uint32_t{places[j]} >> (w * 32 - bit);
      }
      if (w * 32 + 32 <= end || chunk.ends_run) {
        job.words[w] = word;
      } else {
        carry[1 - turn_of(chunk)] = word;
      }
    }
  }

 private:
  SIMRUN_DEVICE unsigned turn_of(const ChunkOfRun& chunk) const {
    return static_cast<unsigned>(chunk.first / job.chunking.chunk % 2);
  }
};

/// A block a chunk: by counting digits.
template <class Gradient>
struct SelectInLargeChunks : SelectInChunks<Gradient> {
  static constexpr unsigned most_chunk = Chunking::most_chunk;
  static constexpr const char* name = "select_in_large_chunks";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {
    OneBlock::Shared selection;
    float x[most_chunk];
    std::uint16_t places[most_chunk];
    std::uint32_t carry[2];
  };

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    for (std::uint64_t r = block.number(); r < this->runs(); r += block.count())
      this->for_chunks(r, [&](const ChunkOfRun& chunk) { select(block, shared, chunk); });
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void select(Block& block, Shared& shared, const ChunkOfRun& chunk) const {
    block.each_thread([&](unsigned t) { this->load(block, chunk, shared.x, t, threads); });
    const auto key_at = [&](std::uint32_t i) { return key_of(shared.x[i]); };
    const Cutoff cutoff = find_cutoff(block, shared.selection, chunk.size, chunk.keeps, key_at);
    write_in_order(block, chunk.size, cutoff, chunk.keeps - cutoff.above, key_at,
                   [&](std::uint64_t place, std::uint32_t i) {
                     this->job.values[chunk.entry + place] = shared.x[i];
                     shared.places[place] = static_cast<std::uint16_t>(i);
                     shared.x[i] = 0.0F;
                   });
    block.each_thread([&](unsigned t) {
      this->pack(chunk, shared.places, shared.carry, t, threads);
      this->store(chunk, shared.x, t, threads);
    });
  }
};

/// A warp a chunk: by bisection, which counts by ballots.
template <class Gradient>
struct SelectInSmallChunks : SelectInChunks<Gradient> {
  static constexpr unsigned most_chunk = 512;
  static constexpr const char* name = "select_in_small_chunks";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  static constexpr unsigned warps = threads / warp_lanes;
  struct OfWarp {
    float x[most_chunk];
    std::uint16_t places[most_chunk];
    std::uint32_t carry[2];
  };
  struct Shared {
    OfWarp of_warp[warps];
  };

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t r = std::uint64_t{block.number()} * warps + warp.number(); r < this->runs(); r += step)
        this->for_chunks(r,
                         [&](const ChunkOfRun& chunk) { select(block, warp, shared.of_warp[warp.number()], chunk); });
    });
  }

 private:
  template <class Block, class Warp>
  SIMRUN_DEVICE void select(Block& block, Warp& warp, OfWarp& own, const ChunkOfRun& chunk) const {
    warp.each_lane([&](unsigned lane) { this->load(block, chunk, own.x, lane, warp_lanes); });
    const std::uint32_t cutoff = cutoff_of(warp, own, chunk);
    const unsigned above = count_from(warp, own, chunk, cutoff + 1);
    unsigned taken = 0;
    unsigned ties_left = chunk.keeps - above;
    for (unsigned first = 0; first < chunk.size; first += warp_lanes) {
      const auto key = [&](unsigned lane) { return first + lane < chunk.size ? key_of(own.x[first + lane]) : 0U; };
      const std::uint32_t all_ties =
          warp.ballot([&](unsigned lane) { return first + lane < chunk.size && key(lane) == cutoff; });
      const std::uint32_t selected = warp.ballot([&](unsigned lane) {
        return key(lane) > cutoff ||
               ((all_ties >> lane & 1U) != 0 && count_bits(all_ties & lanes_below(lane)) < ties_left);
      });
      ties_left -= smaller(ties_left, count_bits(all_ties));
      warp.each_lane([&](unsigned lane) {
        if ((selected >> lane & 1U) == 0) return;
        const unsigned place = taken + count_bits(selected & lanes_below(lane));
        this->job.values[chunk.entry + place] = own.x[first + lane];
        own.places[place] = static_cast<std::uint16_t>(first + lane);
        own.x[first + lane] = 0.0F;
      });
      taken += count_bits(selected);
    }
    warp.each_lane([&](unsigned lane) {
      this->pack(chunk, own.places, own.carry, lane, warp_lanes);
      this->store(chunk, own.x, lane, warp_lanes);
    });
  }

  /// Elements whose key is at least `bound`.
  template <class Warp>
  SIMRUN_DEVICE static unsigned count_from(Warp& warp, const OfWarp& own, const ChunkOfRun& chunk,
                                           std::uint32_t bound) {
    unsigned count = 0;
    for (unsigned first = 0; first < chunk.size; first += warp_lanes) {
      count += count_bits(warp.ballot(
          [&](unsigned lane) { return first + lane < chunk.size && key_of(own.x[first + lane]) >= bound; }));
    }
    return count;
  }

  /// The largest key that as many elements reach as are kept, bit by bit.
  template <class Warp>
  SIMRUN_DEVICE static std::uint32_t cutoff_of(Warp& warp, const OfWarp& own, const ChunkOfRun& chunk) {
    std::uint32_t cutoff = 0;
    for (std::uint32_t bit = 1U << 30; bit > 0; bit >>= 1) {
      if (count_from(warp, own, chunk, cutoff | bit) >= chunk.keeps) cutoff |= bit;
    }
    return cutoff;
  }
};

/// out[index] += weight * value of each entry, rounded twice. Reads 4 bytes and a place an entry.
struct AddInChunks {
  static constexpr const char* name = "add_in_chunks";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  Chunking chunking;
  unsigned place_bits;
  const std::uint32_t* words;
  const float* values;
  std::uint64_t entries;
  float weight;
  float* out;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    struct Entry {
      std::uint64_t index;
      float sum;
    };
    stream(
        block, entries,
        [&](std::uint64_t j) {
          const std::uint64_t first = j / chunking.keeps * chunking.chunk;
          const std::uint64_t index = first + unpacked(words, j, place_bits);
          return Entry{index, out[index] + weight * block.read_once(values + j)};
        },
        [&](std::uint64_t, const Entry& entry) { out[entry.index] = entry.sum; });
  }
};

/// One launch, no memory of its own.
template <class Machine, class Gradient>
void launch_chunked_top_k(Machine& machine, const ChunkedTopK<Gradient>& job) {
  using Small = SelectInSmallChunks<Gradient>;
  using Large = SelectInLargeChunks<Gradient>;
  const std::uint64_t chunks = divide_up<std::uint64_t>(job.size, job.chunking.chunk);
  const std::uint64_t chunks_a_run = job.chunking.chunks_in_words();
  const std::uint64_t runs = divide_up(chunks, chunks_a_run);
  const SelectInChunks<Gradient> select{job, chunks, chunks_a_run, job.chunking.place_bits()};
  if (job.chunking.chunk <= Small::most_chunk) {
    machine.launch(blocks_for<Small>(machine, runs, Small::warps), Small{select});
  } else {
    machine.launch(blocks_for<Large>(machine, runs, 1), Large{select});
  }
}

template <class Machine>
void launch_add_in_chunks(Machine& machine, const Chunking& chunking, const std::uint32_t* words, const float* values,
                          std::uint64_t entries, float weight, float* out) {
  machine.launch(blocks_to_stream<AddInChunks>(machine, entries),
                 AddInChunks{chunking, chunking.place_bits(), words, values, entries, weight, out});
}

}  // namespace simrun::cuda
