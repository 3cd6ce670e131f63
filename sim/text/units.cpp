#include "sim/text/units.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace simrun {
namespace {

struct NumberAndUnit {
  double number;
  std::string_view unit;
};

std::optional<NumberAndUnit> split(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return NumberAndUnit{number, text};
}

/// Takes a decimal or binary prefix off the front of `unit`; 1 where there is none.
double take_prefix(std::string_view& unit) {
  constexpr std::pair<std::string_view, double> prefixes[] = {
      {"Ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}, {"Ti", 1099511627776.0},
      {"k", 1e3},     {"M", 1e6},        {"G", 1e9},           {"T", 1e12}};
  for (const auto& [prefix, factor] : prefixes) {
    if (unit.size() > prefix.size() && unit.starts_with(prefix)) {
      unit.remove_prefix(prefix.size());
      return factor;
    }
  }
  return 1;
}

/// Bytes in one of the unit "b", "bit" or "B".
std::optional<double> bytes_of(std::string_view unit) {
  if (unit == "B") return 1.0;
  if (unit == "b" || unit == "bit") return 1.0 / 8;
  return std::nullopt;
}

std::string with_digits(double value, std::string_view unit) {
  const bool huge = value >= 1e9;
  const int decimals = huge || value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return huge ? fmt::format("{:.{}e} {}", value, decimals, unit) : fmt::format("{:.{}f} {}", value, decimals, unit);
}

template <std::size_t Count>
std::string scaled(double value, const std::pair<double, const char*> (&units)[Count]) {
  for (const auto& [factor, unit] : units) {
    // Half a unit of the last digit below: 999.6 us is shown as 1.00 ms.
    if (value >= 0.9995 * factor) return with_digits(value / factor, unit);
  }
  return with_digits(value / units[Count - 1].first, units[Count - 1].second);
}

}  // namespace

std::optional<Seconds> parse_seconds(std::string_view text) {
  constexpr std::string_view micro_sign = "\u00b5s", greek_mu = "\u03bcs";
  constexpr std::pair<std::string_view, double> units[] = {{"s", 1},          {"ms", 1e3},       {"us", 1e6},
                                                           {"ns", 1e9},       {"min", 1 / 60.0}, {"h", 1 / 3600.0},
                                                           {micro_sign, 1e6}, {greek_mu, 1e6}};
  const auto parts = split(text);
  if (!parts) return std::nullopt;
  for (const auto& [unit, per_second] : units) {
    // Dividing keeps "50 us" the double nearest to 5e-5.
    if (parts->unit == unit) return Seconds(parts->number / per_second);
  }
  return std::nullopt;
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::nullopt;
  const double factor = take_prefix(parts->unit);
  const auto bytes = bytes_of(parts->unit);
  if (!bytes) return std::nullopt;
  return Bytes(parts->number * factor * *bytes);
}

std::optional<BytesPerSecond> parse_bandwidth(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::nullopt;
  const double factor = take_prefix(parts->unit);
  std::string_view unit = parts->unit;
  if (unit.ends_with("ps") || unit.ends_with("/s")) {
    unit.remove_suffix(2);
  } else {
    return std::nullopt;
  }
  const auto bytes = bytes_of(unit);
  if (!bytes) return std::nullopt;
  return BytesPerSecond(parts->number * factor * *bytes);
}

std::string show(Seconds time) {
  if (time.value < 5e-12) return "0 s";
  return scaled(time.value, {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}});
}

std::string show(Bytes size) {
  if (size.value < 999.5) return std::to_string(std::llround(size.value)) + " B";
  return scaled(size.value, {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}});
}

std::string show(BytesPerSecond bandwidth) {
  return show(Bytes(bandwidth.value)) + "/s";
}

std::string show_rate(BytesPerSecond rate) {
  return scaled(8 * rate.value, {{1e12, "Tbps"}, {1e9, "Gbps"}, {1e6, "Mbps"}, {1e3, "kbps"}, {1, "bps"}});
}

std::string show(double number) {
  std::string text = fmt::format("{:.{}g}", number, number >= 1 ? 12 : 3);
  for (int digits = 4; number < 1 && text == "1"; ++digits) text = fmt::format("{:.{}g}", number, digits);
  return text;
}

}  // namespace simrun
