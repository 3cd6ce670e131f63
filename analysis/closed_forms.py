"""What simulations are laid beside: formulas, each with its derivation or its source.

Latencies are in seconds, bandwidths in bytes per second, densities K/N.
"""

import math

import numpy as np


def ring_break_even(workers, parameters, latency_s=0.0, bandwidth=1.0):
    """Density at which Top-K's ring all-gather takes as long as the dense ring all-reduce; below it Top-K is faster.

    With M workers, N parameters, latency a and bandwidth B, K pairs being 8K bytes (uint32 index, fp32 value):
    dense ring, 2(M-1) steps of N/M values (Patarasu and Yuan, JPDC 2009):  2(M-1)(a + 4N/(MB))
    all-gather, M-1 steps of one payload (Chan et al., 2007):                (M-1)(a + 8K/B)
    Equal where 8K/B = a + 8N/(MB): d = 1/M + aB/(8N), and 1/M without latency. Headers are left out.
    """
    return 1 / np.asarray(workers, float) + latency_s * bandwidth / (8 * parameters)


def doubling_break_even(workers, parameters, latency_s, bandwidth):
    """Density at which Top-K's all-gather by doubling takes as long as gTop-k; above it gTop-k is faster.

    With L = ceil(log2 M), p = 32 + 8K bytes the payload (header, uint32 indices, fp32 values):
    all-gather by doubling (Bruck et al., IEEE TPDS 1997):          L a + (M-1) p/B
    gTop-k, up and down a binomial tree (Shi et al., ICDCS 2019):   2L (a + p/B)
    Equal where (M-1-2L) p = L a B. NaN where M-1 <= 2L: there the all-gather sends no more and starts fewer messages,
    so that gTop-k is never faster.

    This is exact for M = 2^L. For other M ranks without a partner send payloads of up to 64 KiB early, and gTop-k takes
    as little as (2L-1) (a + p/B): it is faster from some p on between (L-1) a B / (M-2L) and the p above.
    """
    m = np.asarray(workers, float)
    rounds = np.ceil(np.log2(m))
    surplus = m - 1 - 2 * rounds
    payload = rounds * latency_s * bandwidth / np.where(surplus > 0, surplus, np.nan)
    return np.maximum(payload - 32, 0) / (8 * parameters)


def information_bound(parameters, k):
    """log2 C(N, K): the fewest bits, on average, that name K of N indices when every choice is equally likely."""
    n, k = np.asarray(parameters, float), np.asarray(k, float)
    log_factorial = np.vectorize(math.lgamma)
    return (log_factorial(n + 1) - log_factorial(k + 1) - log_factorial(n - k + 1)) / math.log(2)


def union_size(parameters, k, workers):
    """Expected number of indices that at least one of M workers chose, each K of N at random: N (1 - (1 - K/N)^M)."""
    return parameters * -np.expm1(np.asarray(workers) * np.log1p(-np.asarray(k) / parameters))
