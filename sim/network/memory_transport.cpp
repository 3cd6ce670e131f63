#include "sim/network/memory_transport.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace simrun {
namespace {

/// The queues of the messages to one rank.
class Mailbox {
 public:
  using Key = std::pair<int, int>;  // source, tag

  void push(const Key& key, Message message) {
    const std::lock_guard lock(mutex_);
    queues_[key].push_back(std::move(message));
    changed_.notify_all();
  }

  Message pop(const Key& key) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_ || !queues_[key].empty(); });
    if (failed_) throw std::runtime_error("another rank failed");
    Message message = std::move(queues_[key].front());
    queues_[key].pop_front();
    return message;
  }

  void fail() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::deque<Message>> queues_;
  bool failed_ = false;
};

/// What joins all ranks.
class Wire {
 public:
  explicit Wire(int ranks) : mailboxes_(static_cast<std::size_t>(ranks)) {}

  Mailbox& mailbox(int rank) { return mailboxes_.at(static_cast<std::size_t>(rank)); }

  void fail(std::exception_ptr why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
    for (Mailbox& mailbox : mailboxes_) mailbox.fail();
  }

  std::exception_ptr failure() const { return failure_; }

 private:
  std::vector<Mailbox> mailboxes_;  ///< one a rank, so that a message wakes nobody but its receiver
  std::mutex mutex_;
  std::exception_ptr failure_;
};

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(Wire& wire, int rank, int size) : wire_(wire), rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  Request start_send(int to, Message message, int tag) override {
    traffic_.sent += size_of(message);
    wire_.mailbox(to).push({rank_, tag}, std::move(message));
    return Request{-1};
  }

  Request start_receive(int from, int tag) override {
    expected_.emplace_back(from, tag);
    return Request{static_cast<int>(expected_.size()) - 1};
  }

  Message wait(Request request) override {
    if (request == Request{-1}) return {};
    Message message = wire_.mailbox(rank_).pop(expected_.at(static_cast<std::size_t>(request)));
    traffic_.received += size_of(message);
    return message;
  }

  Seconds now() const override { return {}; }
  void wait_until(Seconds) override {}
  Traffic traffic() const override { return traffic_; }

 private:
  Wire& wire_;
  int rank_;
  int size_;
  std::vector<Mailbox::Key> expected_;
  Traffic traffic_;
};

}  // namespace

void run_in_memory(int workers, const std::function<void(Transport&)>& rank,
                   const std::function<void(Transport&)>& server) {
  const int ranks = workers + (server ? 1 : 0);
  Wire wire(ranks);
  {
    std::vector<std::jthread> threads;
    for (int r = 0; r < ranks; ++r) {
      threads.emplace_back([&, r] {
        try {
          MemoryTransport transport(wire, r, workers);
          (r < workers ? rank : server)(transport);
        } catch (...) {
          wire.fail(std::current_exception());
        }
      });
    }
  }
  if (wire.failure()) std::rethrow_exception(wire.failure());
}

}  // namespace simrun
