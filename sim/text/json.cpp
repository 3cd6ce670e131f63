#include "sim/text/json.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "sim/text/error.hpp"
#include "sim/text/open_file.hpp"

namespace simrun {
namespace {

constexpr std::size_t max_depth = 64;

/// Where a byte of the text stands, for people.
std::string line_and_column(const std::string& text, std::size_t at) {
  const std::string before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Builds a value from nlohmann's events, and refuses what its own builder lets pass.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override {
    const bool in_list = !open_.empty() && open_.back()->is_array();
    refuse_nul(value, open_.empty() ? "file" : in_list ? std::to_string(open_.back()->size()) : keys_.back());
    return add(std::move(value));
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    refuse_nul(name, name);
    if (!seen_.back().insert(name).second)
      throw InputError(file_, path() + name, "key given twice", "accepted: every key once");
    keys_.back() = name;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    std::string message = error.what();
    if (message.starts_with('[')) message.erase(0, message.find("] ") + 2);
    for (std::size_t at = 0; (at = message.find(';', at)) != std::string::npos;) message[at] = ',';
    const std::size_t reason = message.find(" - ");
    throw InputError(file_, line_and_column(text_, position > 0 ? position - 1 : 0),
                     "not JSON: " + (reason == std::string::npos ? message : message.substr(reason + 3)),
                     "accepted: JSON without comments and trailing commas");
  }

 private:
  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // At the end: key() has seen that it is not there yet, which the object itself would search for from its start.
    auto& members = parent.get_ref<Json::object_t&>();
    members.push_back({keys_.back(), std::move(value)});
    return &members.back().second;
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (open_.size() == max_depth)
      throw InputError(file_, "file", "nested too deeply",
                       "accepted: at most " + std::to_string(max_depth) + " levels");
    // A parent gets no other child before this one is closed, so the pointer stays good.
    open_.push_back(place(std::move(value)));
    keys_.emplace_back();
    seen_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    seen_.pop_back();
    return true;
  }

  /// No name or path has one, and what the system is told would end there.
  void refuse_nul(const std::string& text, const std::string& last) const {
    if (text.find('\0') != std::string::npos)
      throw InputError(file_, path() + last, "holds a NUL, \\u0000", "accepted: text without NUL");
  }

  /// The dotted path of the object that is open, with a dot at its end; empty at the top.
  std::string path() const {
    std::string dotted;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i)
      dotted += (open_[i]->is_array() ? std::to_string(open_[i]->size() - 1) : keys_[i]) + ".";
    return dotted;
  }

  const std::string& file_;
  const std::string& text_;
  Json root_;
  std::vector<Json*> open_;
  std::vector<std::string> keys_;                      ///< the last key of each
  std::vector<std::unordered_set<std::string>> seen_;  ///< all keys of each
};

/// One that is no object and no list of them. Numbers in shortest form, which dump() does not always find.
std::string scalar_text(const Json& value) {
  if (!value.is_number_float()) return value.dump();
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value.get<double>()).ptr};
}

std::string list_text(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + scalar_text(item);
  return "[" + text + "]";
}

void add_lines(const Json& value, const std::string& indent, std::string& text) {
  const bool is_nested = value.is_array() && !value.empty() && value.front().is_structured();
  if (!is_nested && !value.is_object()) {
    text += value.is_array() ? list_text(value) : scalar_text(value);
    return;
  }
  text += is_nested ? "[" : "{";
  std::string separator = "\n";
  for (const auto& [key, item] : value.items()) {
    text += separator + indent + " " + (is_nested ? "" : Json(key).dump() + ": ");
    add_lines(item, indent + " ", text);
    separator = ",\n";
  }
  text += "\n" + indent + (is_nested ? "]" : "}");
}

constexpr const char* accepted_file = "accepted: a JSON file";

std::string at_most(std::size_t bytes) {
  return "accepted: at most " + std::to_string(bytes / 1'000'000) + " MB";
}

OpenFile open_text(const std::string& file, const std::string& path, std::size_t most) {
  OpenFile open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!open || ::fstat(open.number(), &about) != 0)
    throw InputError(file, path, std::string("cannot be opened: ") + std::strerror(errno),
                     "accepted: a JSON file that can be read");
  if (S_ISDIR(about.st_mode)) throw InputError(file, path, "is a folder", accepted_file);
  if (static_cast<std::size_t>(about.st_size) > most)
    throw InputError(file, path, "has " + std::to_string(about.st_size) + " bytes", at_most(most));
  return open;
}

/// A pipe or a device has no size beforehand: no more than the limit is read.
std::string read_open(const OpenFile& open, const std::string& file, const std::string& path, std::size_t most) {
  std::string text;
  std::vector<char> buffer(65536);
  while (text.size() <= most) {
    const ssize_t count = ::read(open.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw InputError(file, path, std::string("cannot be read: ") + std::strerror(errno),
                       "accepted: a JSON file that can be read");
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (text.size() > most)
    throw InputError(file, path, "has more than " + std::to_string(most / 1'000'000) + " MB", at_most(most));
  if (text.empty()) throw InputError(file, path, "is empty", accepted_file);
  return text;
}

}  // namespace

std::string to_lines(const Json& value) {
  std::string text;
  add_lines(value, "", text);
  return text + "\n";
}

JsonValue::JsonValue() : JsonValue(Json()) {}

JsonValue::JsonValue(Json value) : value_(std::make_shared<const Json>(std::move(value))) {}

std::string read_text(const std::string& file, const std::string& path, std::size_t most) {
  const OpenFile open = open_text(file, path, most);
  struct stat about {};
  if (::fstat(open.number(), &about) != 0 || !S_ISREG(about.st_mode))
    throw InputError(file, path, "is not a regular file", accepted_file);
  return read_open(open, file, path, most);
}

std::string read_argument(const std::string& file) {
  constexpr std::size_t most = 16'000'000;
  const OpenFile open = open_text(file, "file", most);
  struct stat about {};
  if (::fstat(open.number(), &about) == 0 && S_ISFIFO(about.st_mode)) {
    // Nobody may ever write into a pipe with a name, and opening it waits for nobody.
    struct statfs system {};
    if (::fstatfs(open.number(), &system) != 0 || system.f_type != PIPEFS_MAGIC)
      throw InputError(file, "file", "is a pipe with a name", "accepted: a JSON file, or /dev/stdin");
  }
  ::fcntl(open.number(), F_SETFL, 0);  // whoever writes into standard input is waited for
  return read_open(open, file, "file", most);
}

Json parse_json(const std::string& file, const std::string& text) {
  Builder builder(file, text);
  Json::sax_parse(text, &builder);
  // To nlohmann's reader a NUL is the end.
  if (const std::size_t at = text.find('\0'); at != std::string::npos)
    throw InputError(file, line_and_column(text, at), "not JSON: a NUL", "accepted: text without NUL");
  return builder.take();
}

std::string brief(const Json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > longest) {
    std::size_t cut = longest - 3;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;  // no half character
    text = text.substr(0, cut) + "...";
  }
  return text;
}

}  // namespace simrun
