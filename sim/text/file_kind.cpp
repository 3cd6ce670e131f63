#include "sim/text/file_kind.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "sim/text/error.hpp"
#include "sim/text/json.hpp"
#include "sim/text/open_file.hpp"

namespace simrun {
namespace {

/// A kind of file, and what it is for; `is` tells it by its bytes, or by the JSON in it.
template <class Content>
struct FileKind {
  std::string_view name;  ///< what callers want; also in messages, with "a" or "an" in front
  std::string_view goes_to;
  bool (*is)(const Content& content);
};

bool holds_tag(std::string_view text, std::string_view tag) {
  const std::string_view start = text.substr(0, 4096);
  return start.find('<') == start.find_first_not_of(" \t\r\n\xef\xbb\xbf") && start.find(tag) != std::string_view::npos;
}

/// 8 bytes of a length that is below 4 GB, and a JSON object.
bool is_safetensors_text(const std::string_view& text) {
  return text.size() > 8 && text.substr(4, 4) == std::string_view("\0\0\0\0", 4) && text[8] == '{';
}

/// Of a regular file; empty where there is none that can be read.
std::string start_of(const std::string& file) {
  constexpr std::size_t most = 1 << 16;
  const OpenFile open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (!open || ::fstat(open.number(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  std::string start(std::min<std::size_t>(most, static_cast<std::size_t>(about.st_size)), '\0');
  return read_all(open.number(), std::as_writable_bytes(std::span(start))) ? start : std::string();
}

/// A trace in Chrome's format, by its first events: it may be too large to be read as JSON.
bool begins_as_trace(const std::string_view& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  return text.find("\"traceEvents\"") != std::string_view::npos || text.find("\"ph\":") != std::string_view::npos;
}

using StartKind = FileKind<std::string_view>;
constexpr std::array kinds_by_bytes = {
    StartKind{"a safetensors file", "`model` or `gradients.files` of a scenario", is_safetensors_text},
    StartKind{"a NumPy file", "`gradients.files` of a scenario",
              [](const std::string_view& text) { return text.starts_with("\x93NUMPY"); }},
    StartKind{"a zip archive",
              "`gradients.files` of a scenario, if it is of NumPy; of a PyTorch module analysis/model_table.py makes "
              "a model",
              [](const std::string_view& text) { return text.starts_with("PK\3\4"); }},
    StartKind{"compressed by gzip", "`simrun train`, if it is an IDX file of a data set, else to gunzip",
              [](const std::string_view& text) { return text.starts_with("\x1f\x8b"); }},
    StartKind{"an IDX file", "`training.data` of a scenario, which names its folder",
              [](const std::string_view& text) {
                return text.size() > 4 && text.starts_with(std::string_view("\0\0\x08", 3));
              }},
    StartKind{"a pickle of Python", "Python; of a PyTorch module analysis/model_table.py makes a model",
              [](const std::string_view& text) {
                return text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
              }},
    StartKind{"a SimGrid platform", "`network.platform` of a scenario",
              [](const std::string_view& text) { return holds_tag(text, "<platform"); }},
    StartKind{"a trace", "analysis/compute_times.py, which makes `compute` of a scenario", begins_as_trace},
    StartKind{"a table in CSV", "`plan.curves` of a scenario, if it has curves of training",
              [](const std::string_view& text) { return text.starts_with("method,"); }},
    StartKind{"a page in HTML", "a browser",
              [](const std::string_view& text) {
                return holds_tag(text, "<html") || holds_tag(text, "<!doctype html") ||
                       holds_tag(text, "<!DOCTYPE html");
              }},
};

bool has_keys(const Json& value, std::initializer_list<const char*> keys) {
  return value.is_object() &&
         std::all_of(keys.begin(), keys.end(), [&](const char* key) { return value.contains(key); });
}

constexpr std::array kinds_by_keys = {
    FileKind<Json>{"a report", "`simrun report FOLDER`, which names its folder",
                   [](const Json& value) {
                     return has_keys(value, {"resolved", "points"});
                   }},
    FileKind<Json>{"a report of simrun train", "the notebooks, which read its folder",
                   [](const Json& value) {
                     return has_keys(value, {"resolved", "summary"});
                   }},
    FileKind<Json>{"a scenario", "`simrun FILE`",
                   [](const Json& value) { return has_keys(value, {"methods"}) || has_keys(value, {"workers"}); }},
    FileKind<Json>{"a device profile", "`device` of a scenario",
                   [](const Json& value) { return has_keys(value, {"operations"}); }},
    FileKind<Json>{"a model", "`model` of a scenario",
                   [](const Json& value) { return has_keys(value, {"tensors"}) || has_keys(value, {"weight_map"}); }},
    FileKind<Json>{"a file of compute times", "`compute` of a scenario",
                   [](const Json& value) {
                     return has_keys(value, {"forward", "update"});
                   }},
    FileKind<Json>{"a JSON schema", "an editor that checks scenarios",
                   [](const Json& value) {
                     return has_keys(value, {"$schema", "properties"});
                   }},
};

template <class Content, std::size_t count>
void refuse_among(const std::array<FileKind<Content>, count>& kinds, const Content& content, const std::string& file,
                  const std::string& path, std::string_view wanted) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.is(content); });
  if (kind == kinds.end() || kind->name.ends_with(" " + std::string(wanted))) return;
  throw InputError(file, path, "is " + std::string(kind->name) + ", not a " + std::string(wanted),
                   "accepted: a " + std::string(wanted) + "; this one goes to " + std::string(kind->goes_to));
}

}  // namespace

void refuse_other_kind(const std::string& file, const std::string& path, std::string_view wanted) {
  const std::string start = start_of(file);
  refuse_among(kinds_by_bytes, std::string_view(start), file, path, wanted);
  if (start.find_first_of("{[") != start.find_first_not_of(" \t\r\n")) return;
  Json json;
  try {
    json = parse_json(file, read_text(file));
  } catch (const InputError&) {
    return;
  }
  refuse_among(kinds_by_keys, json, file, path, wanted);
}

void refuse_other_start(const std::string& file, std::string_view wanted) {
  const std::string start = start_of(file);
  refuse_among(kinds_by_bytes, std::string_view(start), file, "file", wanted);
}

Json parse_json_of(std::string_view wanted, const std::string& file, const std::string& text) {
  refuse_among(kinds_by_bytes, std::string_view(text), file, "file", wanted);
  Json json = parse_json(file, text);
  refuse_among(kinds_by_keys, json, file, "file", wanted);
  return json;
}

void refuse_folder_of_results(const std::string& file) {
  std::error_code ignored;
  const auto has = [&](const char* name) {
    return std::filesystem::exists(std::filesystem::path(file) / name, ignored);
  };
  if (has("report.json") || has("training.json") || has("plan.json"))
    throw InputError(file, "file", "is a folder of results, not a scenario",
                     "accepted: a scenario; this one goes to `simrun report FOLDER`");
}

}  // namespace simrun
