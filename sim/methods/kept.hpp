#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace simrun {

/// How many entries of N a worker keeps: a share of them, or a number.
class Kept {
 public:
  /// 0 < share <= 1.
  static Kept share(double share) { return Kept(share); }
  static Kept number(std::uint64_t k) { return Kept(k); }

  /// K: max(1, llround(share N)), or the number.
  std::uint64_t entries(std::uint64_t elements) const;

  /// K/N: the share, or the number over N.
  double density(std::uint64_t elements) const;

  /// "K/N 0.001", "K = 5".
  std::string text() const;

 private:
  explicit Kept(std::variant<double, std::uint64_t> how) : how_(how) {}

  std::variant<double, std::uint64_t> how_;
};

}  // namespace simrun
