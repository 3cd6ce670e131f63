#include "sim/text/file_kind.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "sim/text/error.hpp"
#include "sim/text/json.hpp"

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
bool is_safetensors_text(std::string_view text) {
  return text.size() > 8 && text.substr(4, 4) == std::string_view("\0\0\0\0", 4) && text[8] == '{';
}

constexpr std::array kinds_by_bytes = {
    FileKind<std::string_view>{"a safetensors file", "`model` or `gradients.files` of a scenario",
                               [](const std::string_view& text) { return is_safetensors_text(text); }},
    FileKind<std::string_view>{"a NumPy file", "`gradients.files` of a scenario",
                               [](const std::string_view& text) { return text.starts_with("\x93NUMPY"); }},
    FileKind<std::string_view>{
        "a zip archive",
        "`gradients.files` of a scenario, if it is of NumPy; of a PyTorch module analysis/model_table.py makes "
        "a model",
        [](const std::string_view& text) { return text.starts_with("PK\3\4"); }},
    FileKind<std::string_view>{"compressed by gzip",
                               "`simrun train`, if it is an IDX file of a data set, else to gunzip",
                               [](const std::string_view& text) { return text.starts_with("\x1f\x8b"); }},
    FileKind<std::string_view>{"an IDX file", "`training.data` of a scenario, which names its folder",
                               [](const std::string_view& text) {
                                 return text.size() > 4 && text.starts_with(std::string_view("\0\0\x08", 3));
                               }},
    FileKind<std::string_view>{"a pickle of Python",
                               "Python; of a PyTorch module analysis/model_table.py makes a model",
                               [](const std::string_view& text) {
                                 return text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5;
                               }},
    FileKind<std::string_view>{"a SimGrid platform", "`network.platform` of a scenario",
                               [](const std::string_view& text) { return holds_tag(text, "<platform"); }},
    FileKind<std::string_view>{"a page in HTML", "a browser",
                               [](const std::string_view& text) {
                                 return holds_tag(text, "<html") || holds_tag(text, "<!doctype html") ||
                                        holds_tag(text, "<!DOCTYPE html");
                               }},
};

bool has_keys(const Json& value, std::initializer_list<const char*> keys) {
  return value.is_object() &&
         std::all_of(keys.begin(), keys.end(), [&](const char* key) { return value.contains(key); });
}

bool is_profiler_trace(const Json& value) {
  return has_keys(value, {"traceEvents"}) ||
         (value.is_array() && !value.empty() && has_keys(value.front(), {"ph", "ts"}));
}

constexpr std::array kinds_by_keys = {
    FileKind<Json>{"a trace", "analysis/compute_times.py, which makes `compute` of a scenario", is_profiler_trace},
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
    FileKind<Json>{"compute times", "`compute` of a scenario",
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

void refuse_other_kind(const std::string& file, const std::string& path, std::string_view text,
                       std::string_view wanted) {
  refuse_among(kinds_by_bytes, text, file, path, wanted);
  if (text.find_first_of("{[") != text.find_first_not_of(" \t\r\n")) return;
  Json json;
  try {
    json = parse_json(file, std::string(text));
  } catch (const InputError&) {
    return;
  }
  refuse_among(kinds_by_keys, json, file, path, wanted);
}

Json parse_json_of(std::string_view wanted, const std::string& file, const std::string& text) {
  refuse_among(kinds_by_bytes, std::string_view(text), file, "file", wanted);
  Json json = parse_json(file, text);
  refuse_among(kinds_by_keys, json, file, "file", wanted);
  return json;
}

void refuse_folder_of_results(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::path(file) / "report.json", ignored))
    throw InputError(file, "file", "is a folder of results, not a scenario",
                     "accepted: a scenario; this one goes to `simrun report FOLDER`");
}

}  // namespace simrun
