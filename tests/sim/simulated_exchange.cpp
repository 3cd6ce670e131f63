#include "tests/sim/simulated_exchange.hpp"

#include <array>
#include <cstdio>
#include <limits>

#include "sim/system/child_process.hpp"
#include "sim/text/json.hpp"

namespace simrun {

Network star() {
  Network network;
  network.bandwidth = BytesPerSecond(B);
  network.latency = Seconds(a);
  return network;
}

Payload dense(std::uint64_t elements) {
  return Payload::size_only({PayloadKind::dense32, IndexCoding::none, elements, elements, 4 * elements});
}

Payload pairs(std::uint64_t elements, std::uint64_t entries) {
  return Payload::size_only({PayloadKind::pairs, IndexCoding::raw32, elements, entries, 32 + 8 * entries});
}

Payload signs(std::uint64_t elements) {
  const std::uint64_t words = (elements + 31) / 32;
  return Payload::size_only({PayloadKind::signs, IndexCoding::none, elements, elements, 32 + 4 * words});
}

Run simulated(const Network& network, const char* name, const Payload& payload, int workers, Repeats repeats,
              double stagger, ServerPlace place) {
  const std::string text = run_in_child([&] {
    const CollectiveEntry& entry = *find_collective(name);
    const auto collective = entry.make({.server = place});
    const Hollow aggregator;
    Run run{.first = std::numeric_limits<double>::infinity()};
    Cluster cluster(network, workers, repeats);
    const auto rank = [&](Transport& transport) {
      transport.wait_until(Seconds(stagger * transport.rank()));
      const Outcome outcome = collective->exchange(transport, payload, &aggregator);
      run.messages = static_cast<double>(outcome.parts.size());
      run.first = std::min(run.first, transport.now().value);
      run.finish = std::max(run.finish, transport.now().value);
      if (transport.rank() == 0) run.sent = static_cast<double>(transport.traffic().sent);
    };
    const auto serve = [&](Transport& transport) { collective->serve(transport, aggregator); };
    const bool server = entry.has_server && place == ServerPlace::own_host && workers > 1;
    cluster.run(rank, server ? std::function<void(Transport&)>(serve) : nullptr);
    std::array<char, 120> line{};
    std::snprintf(line.data(), line.size(), "%.17g %.17g %.17g %.17g", run.first, run.finish, run.sent, run.messages);
    return std::string(line.data());
  });
  Run run;
  std::sscanf(text.c_str(), "%lg %lg %lg %lg", &run.first, &run.finish, &run.sent, &run.messages);
  return run;
}

std::vector<double> ends(const Network& network, int ranks, const std::function<void(Transport&)>& program,
                         Repeats repeats) {
  const std::string text = run_in_child([&] {
    std::vector<double> seconds(static_cast<std::size_t>(ranks));
    Cluster(network, ranks, repeats).run([&](Transport& transport) {
      program(transport);
      seconds[static_cast<std::size_t>(transport.rank())] = transport.now().value;
    });
    return Json(seconds).dump();
  });
  return Json::parse(text).get<std::vector<double>>();
}

Approx close_to(double value) {
  return Approx(value).epsilon(1e-6).margin(1e-12);
}

}  // namespace simrun
