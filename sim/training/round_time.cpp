#include "sim/training/round_time.hpp"

#include <signal.h>

#include <cstring>

#include "sim/study/experiment.hpp"
#include "sim/system/child_process.hpp"

namespace simrun {

Seconds simulate_round(const Scenario& scenario, const PayloadTable& payloads) {
  Setup setup = make_setup(scenario, payloads);
  const bool sizes_do = !setup.rounds.front().codec->sizes_need_contents();
  std::vector<Payload> sizes;
  if (sizes_do) {
    const std::size_t groups = setup.plan.stages.size();
    for (std::size_t group = 0; group < groups; ++group) sizes.push_back(payloads.at(0, group).without_contents());
    setup.payload = [&sizes](int, std::size_t group) -> const Payload& { return sizes[group]; };
  }
  const std::string answer = run_in_child([&setup] {
    ::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches children, too; the parent ends the round first
    const double seconds = simulate(setup).iteration.value;
    return std::string(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  });
  double seconds = 0;
  std::memcpy(&seconds, answer.data(), sizeof seconds);
  return Seconds(seconds);
}

}  // namespace simrun
