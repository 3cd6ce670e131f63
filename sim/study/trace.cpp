#include "sim/study/trace.hpp"

#include <algorithm>
#include <limits>

#include "sim/system/file_reading.hpp"
#include "sim/text/json.hpp"

namespace simrun {
namespace {

/// What a trace begins with, so that it is known by its first bytes: traces can be large.
const std::string head = "{\"otherData\":{\"point\":\"";

std::string head_of(const std::string& key) {
  return head + key + "\"},";
}

}  // namespace

std::string trace_text(const std::string& key, std::string_view method, const Times& times) {
  constexpr const char* names[] = {"compute", "encode", "staging", "communication", "decode"};
  Json events = Json::array();
  events.push_back({{"ph", "M"}, {"name", "process_name"}, {"pid", 0}, {"args", {{"name", method}}}});
  Seconds begin(std::numeric_limits<double>::infinity());
  for (const auto& spans : times.spans) {
    if (!spans.empty()) begin = std::min(begin, spans.front().begin);
  }
  const auto add_row = [&](int process, std::size_t rank, const std::vector<Span>& spans) {
    events.push_back({{"ph", "M"},
                      {"name", "thread_name"},
                      {"pid", process},
                      {"tid", rank},
                      {"args", {{"name", "worker " + std::to_string(rank)}}}});
    for (const Span& span : spans) {
      events.push_back({{"ph", "X"},
                        {"name", process == 1 ? "exchange" : names[static_cast<int>(span.activity)]},
                        {"pid", process},
                        {"tid", rank},
                        {"ts", 1e6 * (span.begin - begin).value},
                        {"dur", 1e6 * (span.end - span.begin).value}});
    }
  };
  events.push_back({{"ph", "M"}, {"name", "process_name"}, {"pid", 1}, {"args", {{"name", "exchanges"}}}});
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    add_row(0, rank, times.spans[rank]);
    add_row(1, rank, times.exchanges[rank]);
  }
  const std::string rest = Json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump();
  return head_of(key) + rest.substr(1) + "\n";
}

bool is_trace_of(const std::string& file, const std::string& key) {
  return regular_file_begins_with(file, head_of(key));
}

bool is_trace(const std::string& file) {
  return regular_file_begins_with(file, head);
}

}  // namespace simrun
