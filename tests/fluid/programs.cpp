#include "tests/fluid/programs.hpp"

#include <algorithm>
#include <functional>

namespace fluid {
namespace {

/// Round a ring to the right.
std::vector<Program> around(int m, int steps, double bytes) {
  std::vector<Program> all(m);
  for (int r = 0; r < m; ++r) all[r].assign(steps, Step{{{(r + 1) % m, bytes}}, {(r - 1 + m) % m}});
  return all;
}

/// The server collects from `workers`, then replies to all of them.
void collect_and_reply(std::vector<Program>& all, const std::vector<int>& workers, int server, double bytes) {
  Step collect;
  Step reply;
  for (const int w : workers) {
    all[w] = {Step{{{server, bytes}}, {}}, Step{{}, {server}}};
    collect.receives.push_back(w);
    reply.sends.push_back({w, bytes});
  }
  all[server] = {collect, reply};
}

/// Of so many parts from one on, of m in a circle.
double sum_of(int m, int first, int count, const std::function<double(int)>& bytes) {
  double sum = 0;
  for (int i = first; i < first + count; ++i) sum += bytes(i % m);
  return sum;
}

/// Parts to their ranks. In steps of d = p/2, .. 2, 1, p the least power of two from m on, a rank sends the parts of
/// rank + d and of those after it, d of them or as many as there are, to rank + d.
std::vector<Program> scatter_parts(int m, const std::function<double(int)>& bytes) {
  int p = 1;
  while (p < m) p *= 2;
  std::vector<Program> all(m);
  for (int d = p / 2; d > 0; d /= 2) {
    for (int r = 0; r < m; ++r)
      all[r].push_back(Step{{{(r + d) % m, sum_of(m, r + d, std::min(d, m - d), bytes)}}, {(r - d + m) % m}});
  }
  return all;
}

/// Each rank's part to all, by doubling.
std::vector<Program> gather_parts(int m, const std::function<double(int)>& bytes) {
  std::vector<Program> all(m);
  for (int d = 1; d < m; d *= 2) {
    for (int r = 0; r < m; ++r)
      all[r].push_back(Step{{{(r - d + m) % m, sum_of(m, r, std::min(d, m - d), bytes)}}, {(r + d) % m}});
  }
  return all;
}

/// What comes after.
void append(std::vector<Program>& all, const std::vector<Program>& more) {
  for (std::size_t r = 0; r < all.size(); ++r) all[r].insert(all[r].end(), more[r].begin(), more[r].end());
}

std::vector<Program> by_halving(int m, const std::function<double(int)>& bytes) {
  std::vector<Program> all = scatter_parts(m, bytes);
  append(all, gather_parts(m, bytes));
  return all;
}

}  // namespace

std::vector<Program> ring(int m, long elements) {
  const long chunk = (elements + m - 1) / m;
  return around(m, 2 * (m - 1), 4.0 * static_cast<double>(chunk));
}

std::vector<Program> allgather_ring(int m, double bytes) {
  return around(m, m - 1, bytes);
}

std::vector<Program> halving_doubling(int m, long elements) {
  int p = 1;
  int rounds = 0;
  for (; 2 * p <= m; p *= 2) ++rounds;
  const long padded = (elements + p - 1) / p * p;
  const double whole = 4.0 * static_cast<double>(elements);
  std::vector<Program> all(m);
  for (int r = 0; r < p; ++r) {
    if (r + p < m) {
      all[r + p] = {Step{{{r, whole}}, {}}, Step{{}, {r}}};
      all[r].push_back(Step{{}, {r + p}});
    }
    // The halves swapped with ranks p/2, p/4, .. 1 away shrink from 1/2 to 1/p of the whole; then back.
    for (int i = 1; i <= rounds; ++i)
      all[r].push_back(Step{{{r ^ (p >> i), 4.0 * static_cast<double>(padded >> i)}}, {r ^ (p >> i)}});
    for (int i = rounds; i >= 1; --i)
      all[r].push_back(Step{{{r ^ (p >> i), 4.0 * static_cast<double>(padded >> i)}}, {r ^ (p >> i)}});
    if (r + p < m) all[r].push_back(Step{{{r + p, whole}}, {}});
  }
  return all;
}

std::vector<Program> broadcast(int m, double bytes) {
  int most = 1;
  while (most < m) most *= 2;
  std::vector<Program> all(m);
  for (int r = 0; r < m; ++r) {
    int distance = most;
    if (r > 0) {
      for (distance = 1; r / distance % 2 == 0;) distance *= 2;
      all[r].push_back(Step{{}, {r - distance}});
    }
    for (distance /= 2; distance > 0; distance /= 2) {
      if (r + distance < m) all[r].push_back(Step{{{r + distance, bytes}}, {}});
    }
  }
  return all;
}

std::vector<Program> tree(int m, double bytes) {
  std::vector<Program> all(m);
  for (int r = 0; r < m; ++r) {
    // A rank's parent is the rank without its lowest bit; its children are those with one lower bit more.
    std::vector<int> children;
    for (int bit = 1; r + bit < m && (r & bit) == 0; bit *= 2) children.push_back(r + bit);
    for (const int child : children) all[r].push_back(Step{{}, {child}});
    if (r > 0) {
      const int parent = r & (r - 1);
      all[r].push_back(Step{{{parent, bytes}}, {}});
      all[r].push_back(Step{{}, {parent}});
    }
    std::reverse(children.begin(), children.end());
    for (const int child : children) all[r].push_back(Step{{{child, bytes}}, {}});
  }
  return all;
}

std::vector<Program> server(int m, double bytes) {
  std::vector<Program> all(m + 1);
  std::vector<int> workers;
  for (int r = 0; r < m; ++r) workers.push_back(r);
  collect_and_reply(all, workers, m, bytes);
  return all;
}

std::vector<Program> server_on_rank0(int m, double bytes) {
  std::vector<Program> all(m);
  std::vector<int> workers;
  for (int r = 1; r < m; ++r) workers.push_back(r);
  collect_and_reply(all, workers, 0, bytes);
  return all;
}

std::vector<Program> sharded_server(int m, long elements) {
  const long words = (elements + 31) / 32;
  const long each = (words + m - 1) / m * 32;
  const auto shard = [&](int r) { return 4.0 * static_cast<double>(std::clamp(elements - r * each, 0L, each)); };
  std::vector<Program> all(m);
  for (int r = 0; r < m; ++r) {
    Step collect;
    Step reply;
    for (int other = 0; other < m; ++other) {
      if (other == r) continue;
      if (shard(other) > 0) {
        collect.sends.push_back({other, shard(other)});
        reply.receives.push_back(other);
      }
      if (shard(r) > 0) {
        collect.receives.push_back(other);
        reply.sends.push_back({other, shard(r)});
      }
    }
    all[r] = {collect, reply};
  }
  return all;
}

std::vector<Program> allgather_doubling(int m, double bytes) {
  std::vector<Program> all(m);
  for (int distance = 1; distance < m; distance *= 2) {
    const double sent = bytes * std::min(distance, m - distance);
    for (int r = 0; r < m; ++r) all[r].push_back(Step{{{(r - distance + m) % m, sent}}, {(r + distance) % m}});
  }
  return all;
}

std::vector<Program> gossip_ring(int m, double bytes) {
  std::vector<Program> all(m);
  for (int r = 0; r < m; ++r) {
    const int right = (r + 1) % m;
    const int left = (r - 1 + m) % m;
    Step step{{{right, bytes}}, {right}};
    if (left != right) {
      step.sends.push_back({left, bytes});
      step.receives.push_back(left);
    }
    all[r] = {step};
  }
  return all;
}

std::vector<Program> gossip_torus(int rows, int columns, double bytes) {
  std::vector<Program> all(rows * columns);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      Step step;
      for (const int other : {row * columns + (column + 1) % columns, row * columns + (column + columns - 1) % columns,
                              (row + 1) % rows * columns + column, (row + rows - 1) % rows * columns + column}) {
        step.sends.push_back({other, bytes});
        step.receives.push_back(other);
      }
      all[row * columns + column] = {step};
    }
  }
  return all;
}

std::vector<Program> gossip(int m, const std::vector<std::pair<int, int>>& edges, double bytes) {
  std::vector<Program> all(m, Program(1));
  for (const auto& [one, other] : edges) {
    all[one].front().sends.push_back({other, bytes});
    all[one].front().receives.push_back(other);
    all[other].front().sends.push_back({one, bytes});
    all[other].front().receives.push_back(one);
  }
  return all;
}

std::vector<Program> sparse_halving(int m, long elements, long entries) {
  const long size = (elements + m - 1) / m;
  const auto listed = [&](long end) { return std::min(end, elements) * entries / elements; };
  return by_halving(
      m, [&](int part) { return 32 + 8.0 * static_cast<double>(listed((part + 1) * size) - listed(part * size)); });
}

std::vector<Program> balanced_split(int m, long elements, long entries) {
  const long size = (elements + m - 1) / m;
  const auto listed = [&](long end) { return std::min(end, elements) * entries / elements; };
  const auto region = [&](int r) { return 32 + 8.0 * static_cast<double>(listed((r + 1) * size) - listed(r * size)); };
  const auto sum = [&](long values) {
    const long each = (values + m - 1) / m;
    return by_halving(m,
                      [=](int part) { return 4.0 * static_cast<double>(std::clamp(values - part * each, 0L, each)); });
  };
  std::vector<Program> all = sum(m);
  for (int first = 1; first < m; first += 8) {
    for (int r = 0; r < m; ++r) {
      Step step;
      for (int i = first; i < std::min(first + 8, m); ++i) {
        step.sends.push_back({(r + i) % m, region((r + i) % m)});
        step.receives.push_back((r - i + m) % m);
      }
      all[r].push_back(step);
    }
  }
  append(all, sum(128));
  append(all, allgather_doubling(m, 8));
  append(all, gather_parts(m, region));
  return all;
}

}  // namespace fluid
