#pragma once

#include <bit>

#include "kernels/anywhere.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

// The arithmetic of Primitives::transform_chunks, written once for both back ends: each rounds the same operations in
// the same order. A transform of n elements is a Fourier transform of n / 2 complex numbers, by butterflies, and a pass
// over pairs of its results.
// Source: a DCT by a Fourier transform of as many numbers, Makhoul, IEEE ASSP 28(1), 1980; real numbers by complex ones
// of half as many, Cooley, Lewis, Welch, 1970.

struct Complex {
  float re;
  float im;
};

SIMRUN_ANYWHERE inline Complex times(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

SIMRUN_ANYWHERE inline Complex conjugate(Complex a) {
  return {a.re, -a.im};
}

/// Powers of e, rounded from double: for h = 1, 2, 4, ..., 2048 and j < h at h + j.
struct CosineTables {
  static constexpr unsigned size = Chunking::most_chunk;
  static constexpr int most_log = std::bit_width(size) - 1;  ///< of a transform

  float turn_cos[size];  ///< e^(i pi j / h)
  float turn_sin[size];
  float quarter_cos[size];  ///< e^(i pi j / (4 h))
  float quarter_sin[size];
  float scales[most_log + 2];  ///< sqrt(2^(1 - log)) at log

  SIMRUN_ANYWHERE Complex turn(unsigned h, unsigned j) const { return {turn_cos[h + j], turn_sin[h + j]}; }
  SIMRUN_ANYWHERE Complex quarter(unsigned h, unsigned j) const { return {quarter_cos[h + j], quarter_sin[h + j]}; }

  static const CosineTables& get();
};

/// Elements of a chunk, or of several of one size, that are transformed alike: in pieces of 2^log elements.
struct CosinePieces {
  unsigned first;
  unsigned count;  ///< elements; 0: there are none of that size

  /// Of `size` elements in chunks of 2^log_chunk: all whole chunks, and of the rest one piece for each power of two
  /// that its size is made of, the largest first.
  SIMRUN_ANYWHERE static CosinePieces of(unsigned size, unsigned log_chunk, unsigned log) {
    if (log == log_chunk) return {0, size >> log << log};
    return {size >> (log + 1) << (log + 1), size & (1U << log)};
  }
};

enum class CosineDirection { forward, backward };

/// One transform of 2^log elements. Forward: set given(i) of all elements i, do the butterflies, and
/// write_coefficients. Backward: read_coefficients, do the butterflies, and take restored(i).
struct CosineTransform {
  const CosineTables& tables;
  unsigned log;
  float* re;  ///< of half as many complex numbers, one at least
  float* im;

  /// Complex numbers; 0 where there is one element.
  SIMRUN_ANYWHERE unsigned half() const { return (1U << log) >> 1; }

  /// Coefficients are written and read in so many pairs of complex numbers, a power of two, each of which does with
  /// coefficients of its own.
  SIMRUN_ANYWHERE static unsigned log_pairs(unsigned log) { return log > 2 ? log - 2 : 0; }
  SIMRUN_ANYWHERE unsigned pairs() const { return 1U << log_pairs(log); }

  SIMRUN_ANYWHERE float& given(unsigned i) const {
    const unsigned at = folded(i);
    return part(reversed(at / 2), at % 2);
  }

  SIMRUN_ANYWHERE float restored(unsigned i) const {
    const unsigned at = folded(i);
    return part(at / 2, at % 2);
  }

  SIMRUN_ANYWHERE void write_coefficients(unsigned pair, float* out) const {
    if (pair > 0) return write_pair(pair, out);
    if (log == 0) {
      out[0] = re[0];
      return;
    }
    const float scale = tables.scales[log + 1];
    out[0] = (re[0] + im[0]) * scale;
    out[half()] = (re[0] - im[0]) * scale;
    if (half() > 1) write_pair(half() / 2, out);
  }

  SIMRUN_ANYWHERE void read_coefficients(unsigned pair, const float* x) const {
    if (pair > 0) return read_pair(pair, x);
    if (log == 0) {
      re[0] = x[0];
      return;
    }
    const float scale = tables.scales[log + 1];
    re[0] = (x[0] + x[half()]) * scale;
    im[0] = (x[0] - x[half()]) * scale;
    if (half() > 1) read_pair(half() / 2, x);
  }

 private:
  /// Even elements ascend, then odd ones descend.
  SIMRUN_ANYWHERE unsigned folded(unsigned i) const { return i % 2 == 0 ? i / 2 : (1U << log) - 1 - i / 2; }

  SIMRUN_ANYWHERE float& part(unsigned at, unsigned imaginary) const { return imaginary != 0 ? im[at] : re[at]; }

  /// The bits of the number of a complex number in reverse.
  SIMRUN_ANYWHERE unsigned reversed(unsigned at) const {
    at = (at & 0x55555555U) << 1 | (at >> 1 & 0x55555555U);
    at = (at & 0x33333333U) << 2 | (at >> 2 & 0x33333333U);
    at = (at & 0x0F0F0F0FU) << 4 | (at >> 4 & 0x0F0F0F0FU);
    at = (at & 0x00FF00FFU) << 8 | (at >> 8 & 0x00FF00FFU);
    at = at << 16 | at >> 16;
    return log < 2 ? 0 : at >> (33 - log);
  }

  /// Coefficients k, h - k, h + k and n - k, of the complex numbers k and h - k, which are one where k = h / 2.
  SIMRUN_ANYWHERE void write_pair(unsigned k, float* out) const {
    const unsigned h = half();
    const Complex a{re[k], im[k]};
    const Complex b{re[h - k], im[h - k]};
    const Complex even{0.5F * (a.re + b.re), 0.5F * (a.im - b.im)};
    const Complex odd = times(conjugate(tables.turn(h, k)), {0.5F * (a.im + b.im), 0.5F * (b.re - a.re)});
    write_turned(k, {even.re + odd.re, even.im + odd.im}, out);
    write_turned(h - k, {even.re - odd.re, odd.im - even.im}, out);
  }

  SIMRUN_ANYWHERE void write_turned(unsigned k, Complex v, float* out) const {
    const Complex turned = times(conjugate(tables.quarter(half(), k)), v);
    out[k] = turned.re * tables.scales[log];
    out[2 * half() - k] = -turned.im * tables.scales[log];
  }

  SIMRUN_ANYWHERE void read_pair(unsigned k, const float* x) const {
    const unsigned h = half();
    const Complex a = turned_back(k, x);
    const Complex b = turned_back(h - k, x);
    const Complex even{0.5F * (a.re + b.re), 0.5F * (a.im - b.im)};
    const Complex odd = times(tables.turn(h, k), {0.5F * (a.re - b.re), 0.5F * (a.im + b.im)});
    const unsigned at = reversed(k);
    const unsigned other = reversed(h - k);
    re[at] = even.re - odd.im;
    im[at] = even.im + odd.re;
    re[other] = even.re + odd.im;
    im[other] = odd.re - even.im;
  }

  SIMRUN_ANYWHERE Complex turned_back(unsigned k, const float* x) const {
    const float scale = tables.scales[log];
    return times(tables.quarter(half(), k), {x[k] * scale, -x[2 * half() - k] * scale});
  }
};

/// Butterfly j of a group of `half`, whose 2 half complex numbers begin at re and im. All groups of a transform make a
/// pass; passes have half = 1, 2, 4, ...
SIMRUN_ANYWHERE inline void do_butterfly(const CosineTables& tables, CosineDirection direction, unsigned half,
                                         unsigned j, float* re, float* im) {
  const float sine = tables.turn_sin[half + j];
  const Complex turn{tables.turn_cos[half + j], direction == CosineDirection::forward ? -sine : sine};
  const Complex b = times(turn, {re[j + half], im[j + half]});
  const Complex a{re[j], im[j]};
  re[j] = a.re + b.re;
  im[j] = a.im + b.im;
  re[j + half] = a.re - b.re;
  im[j + half] = a.im - b.im;
}

}  // namespace simrun
