#pragma once

#include <utility>
#include <vector>

#include "tests/fluid/solver.hpp"

/// Who sends what to whom in each collective, written down from its description, not from simrun's code. One program a
/// rank; `m` ranks, at least 2. Sizes in bytes.
namespace fluid {

/// All-reduce of `elements` 4-byte values in a ring: 2 (m - 1) steps of a chunk of ceil(elements / m).
std::vector<Program> ring(int m, long elements);

/// All-reduce of `elements` 4-byte values by halving and doubling among the first p ranks, p the largest power of two
/// up to m; elements are padded to a multiple of p. The other ranks hand everything to rank - p first, and get the
/// result from it at last.
std::vector<Program> halving_doubling(int m, long elements);

/// Down a binomial tree from rank 0, `bytes` an edge: to the rank half of all away first.
std::vector<Program> broadcast(int m, double bytes);

/// Up a binomial tree to rank 0 and down again, `bytes` an edge. gTop-k's exchange.
std::vector<Program> tree(int m, double bytes);

/// `bytes` of every worker to a server, the same back. The server is rank m.
std::vector<Program> server(int m, double bytes);

/// The same with rank 0 as server and worker.
std::vector<Program> server_on_rank0(int m, double bytes);

/// Every worker is the server of one shard of `elements` 4-byte values, cut at multiples of 32: the first workers have
/// ceil(ceil(elements / 32) / m) * 32 each, the last what is left, which may be nothing.
std::vector<Program> sharded_server(int m, long elements);

/// All-gather of `bytes` a rank: m - 1 steps round a ring.
std::vector<Program> allgather_ring(int m, double bytes);

/// All-gather of `bytes` a rank by doubling (Bruck): in step i a rank sends all that it has, but no more than is
/// missing, to the rank 2^i before it.
std::vector<Program> allgather_doubling(int m, double bytes);

/// `bytes` between neighbours, both ways and all at once. On a ring a rank's neighbours are the one before and the one
/// after, which of two ranks are one.
std::vector<Program> gossip_ring(int m, double bytes);

/// The same on a torus, at least 3 x 3, of ranks row by row: neighbours are those to the left, right, above and below.
std::vector<Program> gossip_torus(int rows, int columns, double bytes);

/// The same between the two ranks of every edge, each of which stands there once.
std::vector<Program> gossip(int m, const std::vector<std::pair<int, int>>& edges, double bytes);

/// Sums of m parts of a list of `entries` of `elements`, spread evenly: those before element e are floor(entries e /
/// elements). A part takes 32 bytes, and 8 an entry. In steps of d = p/2, .. 2, 1, p the least power of two from m on,
/// a rank sends the parts of rank + d and of those after it, d of them or as many as there are, to rank + d. Then all
/// gather the parts by doubling.
std::vector<Program> sparse_halving(int m, long elements, long entries);

/// Sums of such a list by regions. Sums of m and of 128 values of 4 bytes are made as those of its parts; between these
/// every rank sends each other one that one's part of the list, to eight at once, those after it first. At the end all
/// gather 8 bytes of each by doubling, and then the parts.
std::vector<Program> balanced_split(int m, long elements, long entries);

}  // namespace fluid
