#include "tests/fluid/solver.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

namespace fluid {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

struct Message {
  int from = 0;
  int to = 0;
  double bytes = 0;

  bool sent = false;      // its sender has come to it
  bool expected = false;  // its receiver has come to it
  bool arrived = false;
  double flows_at = never;  // when its latency has passed
  double left = 0;          // bytes
  double rate = 0;          // bytes/s

  bool started() const { return flows_at < never; }
};

struct Rank {
  struct Part {
    std::vector<int> sends;  // numbers of messages
    std::vector<int> receives;
  };
  std::vector<Part> parts;
  int next = 0;  // part
  int open = 0;  // messages that the part before waits for
  double starts_at = 0;
  double done_at = never;
};

/// A link's bandwidth in one direction, or in both where they share it.
using Pool = std::pair<int, bool>;

class Simulation {
 public:
  Simulation(const Cluster& cluster, const std::vector<Program>& programs, const std::vector<double>& starts,
             double limit)
      : cluster_(cluster), limit_(limit) {
    std::map<std::pair<int, int>, std::vector<int>> sent;
    for (int r = 0; r < static_cast<int>(programs.size()); ++r) {
      Rank rank;
      rank.starts_at = starts[r];
      for (const Step& step : programs[r]) {
        rank.parts.emplace_back();
        for (const Send& send : step.sends) {
          const int number = static_cast<int>(messages_.size());
          messages_.push_back({r, send.to, send.bytes});
          sent[{r, send.to}].push_back(number);
          rank.parts.back().sends.push_back(number);
        }
      }
      ranks_.push_back(rank);
    }
    std::map<std::pair<int, int>, std::size_t> received;
    for (int r = 0; r < static_cast<int>(programs.size()); ++r) {
      for (std::size_t s = 0; s < programs[r].size(); ++s) {
        for (const int from : programs[r][s].receives)
          ranks_[r].parts[s].receives.push_back(sent[{from, r}].at(received[{from, r}]++));
      }
    }
  }

  std::vector<double> run() {
    while (true) {
      const double next = next_event();
      if (next == never) break;
      for (Message* flow : flows()) flow->left -= flow->rate * (next - now_);
      now_ = next;
      for (Rank& rank : ranks_) {
        if (rank.starts_at > now_) continue;
        rank.starts_at = never;
        begin_next(rank);
      }
      for (Message* flow : flows()) {
        // What rounding leaves over counts as nothing: so few bytes, or so little time that the clock does not show it.
        if (flow->left <= 1e-12 * flow->bytes || now_ + flow->left / flow->rate <= now_) arrive(*flow);
      }
      share();
    }
    std::vector<double> ends;
    for (const Rank& rank : ranks_) {
      if (rank.done_at == never) throw std::runtime_error("a rank waits for ever");
      ends.push_back(rank.done_at);
    }
    return ends;
  }

 private:
  /// Messages whose bytes are flowing.
  std::vector<Message*> flows() {
    std::vector<Message*> some;
    for (Message& message : messages_) {
      if (message.flows_at <= now_ && !message.arrived) some.push_back(&message);
    }
    return some;
  }

  double next_event() {
    double next = never;
    for (const Rank& rank : ranks_) next = std::min(next, rank.starts_at);
    for (const Message& message : messages_) {
      if (message.flows_at > now_) next = std::min(next, message.flows_at);
    }
    for (const Message* flow : flows()) next = std::min(next, now_ + flow->left / flow->rate);
    return next;
  }

  void begin_next(Rank& rank) {
    while (rank.open == 0) {
      if (rank.next == static_cast<int>(rank.parts.size())) {
        rank.done_at = now_;
        return;
      }
      const Rank::Part& part = rank.parts[rank.next++];
      for (const int number : part.sends) {
        messages_[number].sent = true;
        ++rank.open;
        start_if_ready(messages_[number]);
      }
      for (const int number : part.receives) {
        messages_[number].expected = true;
        if (!messages_[number].arrived) ++rank.open;
        start_if_ready(messages_[number]);
      }
    }
  }

  void start_if_ready(Message& message) {
    if (message.started() || !message.sent) return;
    if (message.bytes > limit_ && !message.expected) return;
    message.flows_at = now_ + cluster_.latency(message.from, message.to);
    message.left = message.bytes;
  }

  void arrive(Message& message) {
    message.arrived = true;
    finish_one(ranks_[message.from]);
    if (message.expected) finish_one(ranks_[message.to]);
  }

  void finish_one(Rank& rank) {
    --rank.open;
    if (rank.open == 0) begin_next(rank);
  }

  /// Progressive filling: finds the link that is full first if all flows grow alike, fixes the flows on it, goes on
  /// with the others and what is left of the links.
  void share() {
    std::map<Pool, double> left;
    std::vector<Message*> growing = flows();
    const auto pool_of = [&](const Hop& hop) {
      return Pool{hop.link, hop.up || cluster_.links[hop.link].sharing == Sharing::both_ways};
    };
    const auto hops = [&](const Message& flow) -> const Route& { return cluster_.routes[flow.from][flow.to]; };
    const auto is_shared = [&](const Hop& hop) { return cluster_.links[hop.link].sharing != Sharing::nobody; };
    for (const Message* flow : growing) {
      for (const Hop& hop : hops(*flow)) left[pool_of(hop)] = cluster_.links[hop.link].bandwidth;
    }
    while (!growing.empty()) {
      std::map<Pool, int> count;
      for (const Message* flow : growing) {
        for (const Hop& hop : hops(*flow)) ++count[pool_of(hop)];
      }
      const auto share_of = [&](const Message& flow) {
        double least = never;
        for (const Hop& hop : hops(flow))
          least = std::min(least, left[pool_of(hop)] / (is_shared(hop) ? count[pool_of(hop)] : 1));
        return least;
      };
      double level = never;
      for (const Message* flow : growing) level = std::min(level, share_of(*flow));
      std::vector<Message*> others;
      std::vector<Message*> fixed;
      for (Message* flow : growing) (share_of(*flow) <= level * (1 + 1e-12) ? fixed : others).push_back(flow);
      for (Message* flow : fixed) {
        flow->rate = level;
        for (const Hop& hop : hops(*flow)) {
          if (is_shared(hop)) left[pool_of(hop)] -= level;
        }
      }
      growing = others;
    }
  }

  const Cluster& cluster_;
  double limit_;
  std::vector<Message> messages_;
  std::vector<Rank> ranks_;
  double now_ = 0;
};

}  // namespace

std::vector<double> solve(const Cluster& cluster, const std::vector<Program>& programs,
                          const std::vector<double>& starts, double limit) {
  return Simulation(cluster, programs, starts, limit).run();
}

}  // namespace fluid
