#include "sim/trace.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace simrun {

void write_trace(const std::string& file, const Scenario& scenario, const Times& times) {
  constexpr const char* names[] = {"compute", "encode", "communication", "decode"};
  Json events = Json::array();
  events.push_back(
      {{"ph", "M"}, {"name", "process_name"}, {"pid", 0}, {"args", {{"name", scenario.method.method->name}}}});
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
  write_file(file, Json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump() + "\n");
}

void write_file(const std::string& file, const std::string& text) {
  const std::string temporary = file + "." + std::to_string(::getpid()) + ".part";
  std::FILE* out = std::fopen(temporary.c_str(), "wb");
  bool good = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0;
  int cause = errno;
  if (out != nullptr && std::fclose(out) != 0 && good) {
    good = false;
    cause = errno;
  }
  if (good && std::rename(temporary.c_str(), file.c_str()) != 0) {
    good = false;
    cause = errno;
  }
  if (good) return;
  std::remove(temporary.c_str());
  throw std::runtime_error("cannot write " + file + ": " + std::strerror(cause));
}

}  // namespace simrun
