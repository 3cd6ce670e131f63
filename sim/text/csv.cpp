#include "sim/text/csv.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace simrun {
namespace {

/// The shortest text that reads back as the same number.
std::string shortest(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// Numbers are none, whatever their sign.
bool looks_like_formula(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t first = text.find_first_not_of('\'');
  return first != std::string::npos && std::string_view("=+-@\t\r\n").find(text[first]) != std::string_view::npos;
}

}  // namespace

Json count_of(double value) {
  if (value == std::floor(value) && value < 9e15) return static_cast<std::uint64_t>(value);
  return value;
}

Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json object_of(const Row& row) {
  Json object = Json::object();
  for (const auto& [name, value] : row) object[name] = value;
  return object;
}

std::string table_cell(const Json& value) {
  if (value.is_number_float()) return shortest(value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

std::string csv_cell(const Json& value) {
  const std::string text = (looks_like_formula(value) ? "'" : "") + table_cell(value);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_header(const std::vector<std::string>& names) {
  std::string line;
  for (const std::string& name : names) line += (line.empty() ? "" : ",") + csv_cell(name);
  return line + "\n";
}

std::string csv_line(const Row& row) {
  std::string line;
  std::string separator;
  for (const auto& [name, value] : row) {
    line += separator + csv_cell(value);
    separator = ",";
  }
  return line + "\n";
}

}  // namespace simrun
