#pragma once

#include "kernels/cosine_transform.hpp"
#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/streaming.hpp"

namespace simrun::cuda {

// Cosine transforms of chunks, as Primitives::transform_chunks tells. A block takes a tile of whole chunks into shared
// memory, and does the transforms of all of them together: a barrier after each pass.

struct CosineTile {
  static constexpr unsigned size = Chunking::most_chunk;

  alignas(Quad) float x[size];  ///< elements, or coefficients
  float re[size / 2];           ///< complex numbers, chunk after chunk
  float im[size / 2];
};

/// What both directions do with the `size` elements of a tile.
struct CosineTileWork {
  static constexpr unsigned threads = 256;
  const CosineTables& tables;
  unsigned log_chunk;
  unsigned size;
  CosineTile& tile;

  /// x becomes its coefficients, or what has these coefficients.
  template <class Block>
  SIMRUN_DEVICE void transform(Block& block, CosineDirection direction) const {
    for (unsigned log = log_chunk + 1; log-- > 0;) {
      const CosinePieces pieces = CosinePieces::of(size, log_chunk, log);
      if (pieces.count > 0) transform_pieces(block, direction, pieces, log);
    }
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void transform_pieces(Block& block, CosineDirection direction, const CosinePieces& pieces,
                                      unsigned log) const {
    const bool is_forward = direction == CosineDirection::forward;
    block.each_thread([&](unsigned t) { is_forward ? give(pieces, log, t) : read(pieces, log, t); });
    for (unsigned half = 1; half < (1U << log) / 2; half *= 2) {
      block.each_thread([&](unsigned t) {
        for (unsigned p = t; p < pieces.count / 4; p += threads) {
          const unsigned j = p & (half - 1);
          const unsigned first = pieces.first / 2 + 2 * (p - j);
          do_butterfly(tables, direction, half, j, tile.re + first, tile.im + first);
        }
      });
    }
    block.each_thread([&](unsigned t) { is_forward ? write(pieces, log, t) : restore(pieces, log, t); });
  }

  /// That of a piece, of which `first` is the first element of the tile.
  SIMRUN_DEVICE CosineTransform of_piece(unsigned first, unsigned log) const {
    return {tables, log, tile.re + first / 2, tile.im + first / 2};
  }

  /// work(transform, first element, i) for the elements of all pieces.
  template <class Work>
  SIMRUN_DEVICE void for_elements(const CosinePieces& pieces, unsigned log, unsigned t, const Work& work) const {
    for (unsigned e = t; e < pieces.count; e += threads) {
      const unsigned first = pieces.first + (e >> log << log);
      work(of_piece(first, log), first, e & ((1U << log) - 1));
    }
  }

  /// The same for their pairs.
  template <class Work>
  SIMRUN_DEVICE void for_pairs(const CosinePieces& pieces, unsigned log, unsigned t, const Work& work) const {
    const unsigned log_pairs = CosineTransform::log_pairs(log);
    for (unsigned p = t; p < pieces.count >> log << log_pairs; p += threads) {
      const unsigned first = pieces.first + (p >> log_pairs << log);
      work(of_piece(first, log), first, p & ((1U << log_pairs) - 1));
    }
  }

  SIMRUN_DEVICE void give(const CosinePieces& pieces, unsigned log, unsigned t) const {
    for_elements(pieces, log, t, [&](const CosineTransform& transform, unsigned first, unsigned i) {
      transform.given(i) = tile.x[first + i];
    });
  }

  SIMRUN_DEVICE void restore(const CosinePieces& pieces, unsigned log, unsigned t) const {
    for_elements(pieces, log, t, [&](const CosineTransform& transform, unsigned first, unsigned i) {
      tile.x[first + i] = transform.restored(i);
    });
  }

  SIMRUN_DEVICE void write(const CosinePieces& pieces, unsigned log, unsigned t) const {
    for_pairs(pieces, log, t, [&](const CosineTransform& transform, unsigned first, unsigned pair) {
      transform.write_coefficients(pair, tile.x + first);
    });
  }

  SIMRUN_DEVICE void read(const CosinePieces& pieces, unsigned log, unsigned t) const {
    for_pairs(pieces, log, t, [&](const CosineTransform& transform, unsigned first, unsigned pair) {
      transform.read_coefficients(pair, tile.x + first);
    });
  }
};

/// Four elements of an array begin at a multiple of their size.
template <class Gradient>
struct ChunkTransform {
  const Gradient* gradient;  ///< null: x stays as it is; else x += gradient
  float* x;
  std::uint64_t size;
  std::uint32_t chunk;
  const CosineTables* tables;
  float* coefficients;
  std::uint64_t* non_finite;  ///< raised to ~(lowest index of a NaN or an infinity)
};

/// Reads 4 bytes an element and writes 4; with a gradient reads its element as well, and writes 4 more.
template <class Gradient>
struct TransformChunks {
  static constexpr const char* name = "transform_chunks";
  static constexpr unsigned threads = CosineTileWork::threads;
  static constexpr unsigned residency = 4;
  using Shared = CosineTile;
  ChunkTransform<Gradient> job;
  unsigned log_chunk;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    for (std::uint64_t first = block.number() * std::uint64_t{Shared::size}; first < job.size;
         first += block.count() * std::uint64_t{Shared::size}) {
      const auto size = static_cast<unsigned>(smaller<std::uint64_t>(Shared::size, job.size - first));
      block.each_thread([&](unsigned t) { load(block, shared, first, size, t); });
      CosineTileWork{*job.tables, log_chunk, size, shared}.transform(block, CosineDirection::forward);
      block.each_thread([&](unsigned t) {
        for (unsigned q = t; q < quads_of(size); q += threads)
          store_quad(*reinterpret_cast<const Quad*>(&shared.x[q * 4]), job.coefficients + first, q, size);
      });
    }
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void load(Block& block, Shared& shared, std::uint64_t first, unsigned size, unsigned t) const {
    for (unsigned q = t; q < quads_of(size); q += threads) {
      Quad own = load_quad_once(block, job.x + first, q, size);
      if (job.gradient != nullptr) {
        const Quad more = load_quad_once(block, job.gradient + first, q, size);
        SIMRUN_UNROLL
        for (unsigned c = 0; c < 4; ++c) own.values[c] += more.values[c];
        store_quad(own, job.x + first, q, size);
      }
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        if (key_of(own.values[c]) >= least_non_finite_key) block.take_max(job.non_finite, ~(first + q * 4 + c));
      }
      *reinterpret_cast<Quad*>(&shared.x[q * 4]) = own;
    }
  }
};

/// out += weight * what has these coefficients, the product rounded first. Reads and writes 4 bytes an element, and
/// reads 4 bytes and a place an entry.
struct AddCosinesInChunks {
  static constexpr const char* name = "add_cosines_in_chunks";
  static constexpr unsigned threads = CosineTileWork::threads;
  static constexpr unsigned residency = 4;
  using Shared = CosineTile;
  Chunking chunking;
  unsigned log_chunk;
  const CosineTables* tables;
  const std::uint32_t* words;
  const float* values;
  std::uint64_t entries;
  float weight;
  float* out;
  std::uint64_t size;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    for (std::uint64_t first = block.number() * std::uint64_t{Shared::size}; first < size;
         first += block.count() * std::uint64_t{Shared::size}) {
      const auto here = static_cast<unsigned>(smaller<std::uint64_t>(Shared::size, size - first));
      block.each_thread([&](unsigned t) {
        for (unsigned i = t; i < Shared::size; i += threads) shared.x[i] = 0.0F;
      });
      block.each_thread([&](unsigned t) { scatter(block, shared, first, t); });
      CosineTileWork{*tables, log_chunk, here, shared}.transform(block, CosineDirection::backward);
      block.each_thread([&](unsigned t) { add(shared, first, here, t); });
    }
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void scatter(Block& block, Shared& shared, std::uint64_t first, unsigned t) const {
    const std::uint64_t begin = (first >> log_chunk) * chunking.keeps;
    const std::uint64_t end = smaller(begin + (Shared::size >> log_chunk) * std::uint64_t{chunking.keeps}, entries);
    for (std::uint64_t j = begin + t; j < end; j += threads) {
      const auto chunk = static_cast<unsigned>(j - begin) / chunking.keeps;
      shared.x[(chunk << log_chunk) + unpacked(words, j, log_chunk)] = block.read_once(values + j);
    }
  }

  SIMRUN_DEVICE void add(const Shared& shared, std::uint64_t first, unsigned here, unsigned t) const {
    for (unsigned q = t; q < quads_of(here); q += threads) {
      Quad sum = load_quad(out + first, q, here);
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) sum.values[c] += weight * shared.x[q * 4 + c];
      store_quad(sum, out + first, q, here);
    }
  }
};

/// One launch, no memory of its own.
template <class Machine, class Gradient>
void launch_transform_chunks(Machine& machine, const ChunkTransform<Gradient>& job) {
  using Kernel = TransformChunks<Gradient>;
  machine.launch(blocks_for<Kernel>(machine, job.size, CosineTile::size),
                 Kernel{job, Chunking{job.chunk, 1}.place_bits()});
}

/// Likewise. Tables are in the machine's memory.
template <class Machine>
void launch_add_cosines_in_chunks(Machine& machine, const Chunking& chunking, const CosineTables* tables,
                                  const std::uint32_t* words, const float* values, std::uint64_t entries, float weight,
                                  float* out, std::uint64_t size) {
  machine.launch(
      blocks_for<AddCosinesInChunks>(machine, size, CosineTile::size),
      AddCosinesInChunks{chunking, chunking.place_bits(), tables, words, values, entries, weight, out, size});
}

}  // namespace simrun::cuda
