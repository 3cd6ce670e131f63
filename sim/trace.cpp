#include "sim/trace.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace simrun {

namespace {

const char* name_of(Activity activity) {
  constexpr const char* names[] = {"compute", "encode", "communication", "decode"};
  return names[static_cast<int>(activity)];
}

Json metadata(const char* what, int process, std::size_t row, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", process}, {"tid", row}, {"args", {{"name", name}}}};
}

Json event(const char* name, int process, std::size_t row, const Span& span, Seconds origin) {
  return {{"ph", "X"},
          {"name", name},
          {"pid", process},
          {"tid", row},
          {"ts", 1e6 * (span.begin - origin).value},
          {"dur", 1e6 * (span.end - span.begin).value}};
}

/// When the first worker begins.
Seconds beginning(const Times& times) {
  Seconds begin(std::numeric_limits<double>::infinity());
  for (const auto& spans : times.spans) {
    if (!spans.empty()) begin = std::min(begin, spans.front().begin);
  }
  return begin;
}

}  // namespace

void write_trace(const std::string& file, const Scenario& scenario, const Times& times) {
  const std::string method(scenario.method.method->name);
  const Seconds begin = beginning(times);
  Json events = {metadata("process_name", 0, 0, method), metadata("process_name", 1, 0, method + ": exchanges")};
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    const std::string worker = "worker " + std::to_string(rank);
    events.push_back(metadata("thread_name", 0, rank, worker));
    for (const Span& span : times.spans[rank]) events.push_back(event(name_of(span.activity), 0, rank, span, begin));
    events.push_back(metadata("thread_name", 1, rank, worker));
    for (const Span& span : times.exchanges[rank]) events.push_back(event("exchange", 1, rank, span, begin));
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
