#pragma once

#include <cmath>

#include "kernels/cuda/elements.hpp"
#include "kernels/cuda/sum.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

// Products of a matrix with few vectors. The matrix is read once for every four of these.

inline constexpr unsigned vectors_at_once = 4;

/// P = M Q. A warp adds up a row times each vector. Reads the matrix as the elements say.
template <class Elements>
struct Multiply {
  static constexpr const char* name = "multiply";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  static constexpr unsigned warps = threads / warp_lanes;
  struct Shared {
    float lanes[warps][vectors_at_once][warp_lanes];
  };
  LowRank shape;
  Elements m;
  const float* q;
  float* p;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t row = std::uint64_t{block.number()} * warps + warp.number(); row < shape.rows; row += step) {
        multiply(warp, row, 0, shared.lanes[warp.number()], [&](std::uint64_t i) { return m.read(block, i); });
        for (std::uint64_t first = vectors_at_once; first < shape.rank; first += vectors_at_once)
          multiply(warp, row, first, shared.lanes[warp.number()], [&](std::uint64_t i) { return m.again(i); });
      }
    });
  }

 private:
  /// A row times the vectors from `first` on.
  template <class Warp, class Read>
  SIMRUN_DEVICE void multiply(Warp& warp, std::uint64_t row, std::uint64_t first, float (*lanes)[warp_lanes],
                              const Read& read) const {
    const std::uint64_t begin = row * shape.columns;
    warp.each_lane([&](unsigned lane) {
      float sums[vectors_at_once] = {};
      for_lane(begin + lane, begin + shape.columns, read, [&](std::uint64_t i, float value) {
        if (first == 0) m.keep(i, value);
        SIMRUN_UNROLL
        for (unsigned v = 0; v < vectors_at_once; ++v) {
          if (first + v < shape.rank) sums[v] += value * q[(first + v) * shape.columns + i - begin];
        }
      });
      SIMRUN_UNROLL
      for (unsigned v = 0; v < vectors_at_once; ++v) lanes[v][lane] = sums[v];
    });
    for (unsigned v = 0; v < vectors_at_once; ++v) add_up_lanes(warp, lanes[v]);
    warp.each_lane([&](unsigned lane) {
      if (lane < vectors_at_once && first + lane < shape.rank) p[(first + lane) * shape.rows + row] = lanes[lane][0];
    });
  }
};

/// How the rows of a matrix are cut, so that many threads work on a column.
struct RowSlices {
  std::uint64_t rows;  ///< of a slice, but for the last one
  std::uint64_t count;

  static RowSlices of(const LowRank& shape) {
    const std::uint64_t rows = larger<std::uint64_t>(divide_up<std::uint64_t>(shape.rows, 32), 64);
    return {rows, divide_up(shape.rows, rows)};
  }

  std::uint64_t partial_sums(const LowRank& shape) const { return count * shape.rank * shape.columns; }
};

/// Of each slice, M^T P. A thread adds up a column of a slice times each vector. Reads the matrix.
struct MultiplyTransposed {
  static constexpr const char* name = "multiply_transposed";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  struct Shared {};
  LowRank shape;
  RowSlices slices;
  const float* m;
  const float* p;
  float* partial;  ///< slice after slice

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < slices.count * shape.columns; i += block.grid_threads()) {
        const std::uint64_t slice = i / shape.columns;
        for (std::uint64_t first = 0; first < shape.rank; first += vectors_at_once)
          multiply(slice, i % shape.columns, first);
      }
    });
  }

 private:
  SIMRUN_DEVICE void multiply(std::uint64_t slice, std::uint64_t column, std::uint64_t first) const {
    constexpr unsigned in_flight = 4;
    const std::uint64_t end = smaller((slice + 1) * slices.rows, shape.rows);
    float sums[vectors_at_once] = {};
    for (std::uint64_t begin = slice * slices.rows; begin < end; begin += in_flight) {
      float values[in_flight];
      SIMRUN_UNROLL
      for (unsigned i = 0; i < in_flight; ++i)
        values[i] = begin + i < end ? m[(begin + i) * shape.columns + column] : 0.0F;
      SIMRUN_UNROLL
      for (unsigned i = 0; i < in_flight; ++i) {
        SIMRUN_UNROLL
        for (unsigned v = 0; v < vectors_at_once; ++v) {
          if (begin + i < end && first + v < shape.rank) sums[v] += values[i] * p[(first + v) * shape.rows + begin + i];
        }
      }
    }
    SIMRUN_UNROLL
    for (unsigned v = 0; v < vectors_at_once; ++v) {
      if (first + v < shape.rank) partial[(slice * shape.rank + first + v) * shape.columns + column] = sums[v];
    }
  }
};

/// sums[i] = the sum of element i of every slice. Reads and writes 4 bytes a slice and sum.
struct AddSlices {
  static constexpr const char* name = "add_slices";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  const float* partial;
  std::uint64_t slices;
  std::uint64_t size;
  float* sums;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) {
        float sum = 0;
        for (std::uint64_t slice = 0; slice < slices; ++slice) sum += partial[slice * size + i];
        sums[i] = sum;
      }
    });
  }
};

/// M += weight P Q^T. A warp goes through some columns of a row. Reads and writes 4 bytes an element, and the factors.
struct AddProduct {
  static constexpr const char* name = "add_product";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 4;
  static constexpr unsigned warps = threads / warp_lanes;
  static constexpr unsigned columns_a_turn = 1024;
  struct Shared {};
  LowRank shape;
  const float* p;
  const float* q;
  float weight;
  float* m;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const std::uint64_t turns = divide_up<std::uint64_t>(shape.columns, columns_a_turn);
    block.each_warp([&](auto& warp) {
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t i = std::uint64_t{block.number()} * warps + warp.number(); i < shape.rows * turns; i += step) {
        const std::uint64_t row = i / turns;
        const std::uint64_t begin = i % turns * columns_a_turn;
        const std::uint64_t end = smaller(begin + columns_a_turn, shape.columns);
        float* const values = m + row * shape.columns;
        warp.each_lane([&](unsigned lane) {
          for_lane(
              begin + lane, end, [&](std::uint64_t column) { return values[column]; },
              [&](std::uint64_t column, float value) {
                for (std::uint64_t c = 0; c < shape.rank; ++c)
                  value += weight * p[c * shape.rows + row] * q[c * shape.columns + column];
                values[column] = value;
              });
        });
      }
    });
  }
};

/// Makes vectors orthonormal, as Primitives tells. One block: each vector waits for those before it.
struct Orthonormalise {
  static constexpr const char* name = "orthonormalise";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 1;
  static constexpr unsigned warps = threads / warp_lanes;
  static constexpr double dependent = 1e-6;
  struct Shared {
    double terms[warps][warp_lanes];
    double sum;
  };
  const float* from;  ///< as they are before; may be the same array
  float* vectors;
  std::uint64_t count;
  std::uint64_t length;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = t; i < count * length; i += threads) vectors[i] = from[i];
    });
    for (std::uint64_t c = 0; c < count; ++c) {
      float* const vector = vectors + c * length;
      add_up_products(block, shared, vector, vector);
      // So that no product below overflows or vanishes.
      divide(block, vector, root(shared.sum), 0);
      for (unsigned pass = 0; pass < 2; ++pass) {
        for (std::uint64_t other = 0; other < c; ++other) {
          const float* const earlier = vectors + other * length;
          add_up_products(block, shared, earlier, vector);
          const auto factor = static_cast<float>(shared.sum);
          block.each_thread([&](unsigned t) {
            for (std::uint64_t i = t; i < length; i += threads) vector[i] -= factor * earlier[i];
          });
        }
      }
      add_up_products(block, shared, vector, vector);
      divide(block, vector, root(shared.sum), dependent);
    }
  }

 private:
  /// Into shared.sum.
  template <class Block>
  SIMRUN_DEVICE void add_up_products(Block& block, Shared& shared, const float* x, const float* y) const {
    block.each_warp([&](auto& warp) {
      double* const terms = shared.terms[warp.number()];
      warp.each_lane([&](unsigned lane) {
        double sum = 0;
        for (std::uint64_t i = warp.thread(lane); i < length; i += threads)
          sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
        terms[lane] = sum;
      });
      add_up_lanes(warp, terms);
    });
    block.once([&] {
      shared.sum = 0;
      for (const auto& terms : shared.terms) shared.sum += terms[0];
    });
  }

  /// A vector whose norm is no more than `least` becomes zero.
  template <class Block>
  SIMRUN_DEVICE void divide(Block& block, float* vector, double norm, double least) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = t; i < length; i += threads)
        vector[i] = norm > least ? static_cast<float>(vector[i] / norm) : 0.0F;
    });
  }

  SIMRUN_DEVICE static double root(double square) { return sqrt(square); }
};

template <class Machine, class Elements>
void launch_multiply(Machine& machine, const LowRank& shape, const Elements& m, const float* q, float* p) {
  machine.launch(blocks_for<Multiply<Elements>>(machine, shape.rows, Multiply<Elements>::warps),
                 Multiply<Elements>{shape, m, q, p});
}

/// `partial`: RowSlices::partial_sums, unless there is one slice.
template <class Machine>
void launch_multiply_transposed(Machine& machine, const LowRank& shape, const float* m, const float* p, float* partial,
                                float* q) {
  const RowSlices slices = RowSlices::of(shape);
  const std::uint64_t size = shape.rank * shape.columns;
  float* const to = slices.count > 1 ? partial : q;
  machine.launch(blocks_for<MultiplyTransposed>(machine, slices.count * shape.columns, MultiplyTransposed::threads),
                 MultiplyTransposed{shape, slices, m, p, to});
  if (slices.count > 1)
    machine.launch(blocks_for<AddSlices>(machine, size, AddSlices::threads), AddSlices{partial, slices.count, size, q});
}

template <class Machine>
void launch_add_product(Machine& machine, const LowRank& shape, const float* p, const float* q, float weight,
                        float* m) {
  machine.launch(blocks_for<AddProduct>(machine, shape.rows * shape.columns,
                                        std::uint64_t{AddProduct::warps} * AddProduct::columns_a_turn),
                 AddProduct{shape, p, q, weight, m});
}

template <class Machine>
void launch_orthonormalise(Machine& machine, const float* from, float* vectors, std::uint64_t count,
                           std::uint64_t length) {
  machine.launch(1, Orthonormalise{from, vectors, count, length});
}

}  // namespace simrun::cuda
