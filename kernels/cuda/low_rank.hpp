#pragma once

#include <cmath>

#include "kernels/cuda/streaming.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

// Products of a matrix with few vectors. They are plain: every sum is added up by one warp or one thread.

/// P = M Q. A warp adds up a row times a vector. Reads the matrix once for each vector.
struct Multiply {
  static constexpr const char* name = "multiply";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned warps = threads / warp_lanes;
  struct Shared {
    float lanes[warps][warp_lanes];
  };
  LowRank shape;
  const float* m;
  const float* q;
  float* p;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_warp([&](auto& warp) {
      float* const lanes = shared.lanes[warp.number()];
      const std::uint64_t step = std::uint64_t{block.count()} * warps;
      for (std::uint64_t i = std::uint64_t{block.number()} * warps + warp.number(); i < shape.rank * shape.rows;
           i += step) {
        const float* const row = m + i % shape.rows * shape.columns;
        const float* const vector = q + i / shape.rows * shape.columns;
        warp.each_lane([&](unsigned lane) {
          float sum = 0;
          for (std::uint64_t j = lane; j < shape.columns; j += warp_lanes) sum += row[j] * vector[j];
          lanes[lane] = sum;
        });
        for (unsigned half = warp_lanes / 2; half > 0; half /= 2) {
          warp.each_lane([&](unsigned lane) {
            if (lane < half) lanes[lane] += lanes[lane + half];
          });
        }
        warp.each_lane([&](unsigned lane) {
          if (lane == 0) p[i] = lanes[0];
        });
      }
    });
  }
};

/// Q = M^T P. A thread adds up a column times a vector. Reads the matrix once for each vector.
struct MultiplyTransposed {
  static constexpr const char* name = "multiply_transposed";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  LowRank shape;
  const float* m;
  const float* p;
  float* q;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < shape.rank * shape.columns; i += block.grid_threads()) {
        const float* const column = m + i % shape.columns;
        const float* const vector = p + i / shape.columns * shape.rows;
        float sum = 0;
        for (std::uint64_t row = 0; row < shape.rows; ++row) sum += column[row * shape.columns] * vector[row];
        q[i] = sum;
      }
    });
  }
};

/// M += weight P Q^T. Reads and writes 4 bytes an element, and the factors.
struct AddProduct {
  static constexpr const char* name = "add_product";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  LowRank shape;
  const float* p;
  const float* q;
  float weight;
  float* m;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < shape.rows * shape.columns; i += block.grid_threads()) {
        const std::uint64_t row = i / shape.columns;
        const std::uint64_t column = i % shape.columns;
        float sum = m[i];
        for (std::uint64_t c = 0; c < shape.rank; ++c)
          sum += weight * p[c * shape.rows + row] * q[c * shape.columns + column];
        m[i] = sum;
      }
    });
  }
};

/// Makes vectors orthonormal, as Primitives tells. One block: each vector waits for those before it.
struct Orthonormalise {
  static constexpr const char* name = "orthonormalise";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 1;
  static constexpr double dependent = 1e-6;
  struct Shared {
    double terms[threads];
    double sum;
  };
  float* vectors;
  std::uint64_t count;
  std::uint64_t length;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
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
    block.each_thread([&](unsigned t) {
      double sum = 0;
      for (std::uint64_t i = t; i < length; i += threads) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
      shared.terms[t] = sum;
    });
    block.once([&] {
      shared.sum = 0;
      for (const double term : shared.terms) shared.sum += term;
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

template <class Machine>
void launch_multiply(Machine& machine, const LowRank& shape, const float* m, const float* q, float* p) {
  machine.launch(blocks_for<Multiply>(machine, shape.rank * shape.rows, Multiply::warps), Multiply{shape, m, q, p});
}

template <class Machine>
void launch_multiply_transposed(Machine& machine, const LowRank& shape, const float* m, const float* p, float* q) {
  machine.launch(blocks_for<MultiplyTransposed>(machine, shape.rank * shape.columns, MultiplyTransposed::threads),
                 MultiplyTransposed{shape, m, p, q});
}

template <class Machine>
void launch_add_product(Machine& machine, const LowRank& shape, const float* p, const float* q, float weight,
                        float* m) {
  machine.launch(blocks_for<AddProduct>(machine, shape.rows * shape.columns, AddProduct::threads),
                 AddProduct{shape, p, q, weight, m});
}

template <class Machine>
void launch_orthonormalise(Machine& machine, float* vectors, std::uint64_t count, std::uint64_t length) {
  machine.launch(1, Orthonormalise{vectors, count, length});
}

}  // namespace simrun::cuda
