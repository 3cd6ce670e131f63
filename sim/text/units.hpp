#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simrun {

/// A number with a unit, so that seconds are not passed for bytes.
template <class Tag>
struct Quantity {
  double value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value + b.value); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value - b.value); }
  friend constexpr Quantity operator*(double f, Quantity a) { return Quantity(f * a.value); }
  friend constexpr Quantity operator*(Quantity a, double f) { return Quantity(f * a.value); }
  friend constexpr Quantity operator/(Quantity a, double f) { return Quantity(a.value / f); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  constexpr Quantity& operator+=(Quantity b) { return value += b.value, *this; }
};

using Seconds = Quantity<struct SecondsTag>;
using Bytes = Quantity<struct BytesTag>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;

/// True if two clocks' differences are equal but for rounding: clocks are sums of many doubles.
constexpr bool nearly_equal(Seconds a, Seconds b) {
  const double difference = a.value > b.value ? a.value - b.value : b.value - a.value;
  return difference <= 1e-9 * (a.value > b.value ? a.value : b.value);
}

/// "50 us", "1.5 ms"; units s, ms, us (or µs), ns, min, h.
std::optional<Seconds> parse_seconds(std::string_view text);

/// "25 MB", "4 KiB"; k, M, G, T decimal, Ki, Mi, Gi, Ti binary; b = bit, B = byte.
std::optional<Bytes> parse_bytes(std::string_view text);

/// "1 Gbps", "1 Gb/s", "440 GB/s".
std::optional<BytesPerSecond> parse_bandwidth(std::string_view text);

/// For people: "1.53 s", "50 us"; "1.80 MB"; "440 GB/s"; three significant digits.
std::string show(Seconds time);
std::string show(Bytes size);
std::string show(BytesPerSecond bandwidth);

/// Of a link, in bits: "1.00 Gbps".
std::string show_rate(BytesPerSecond rate);

/// A number without a unit: "14728266", "0.001"; what is below 1 with three significant digits.
std::string show(double number);

}  // namespace simrun
