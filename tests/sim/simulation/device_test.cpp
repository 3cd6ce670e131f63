#include "sim/simulation/device.hpp"

#include <catch2/catch.hpp>

namespace simrun {
namespace {

/// A clock that jumps to where it is told.
class Clock final : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  Request start_send(int, Message, int) override { throw std::logic_error("no network"); }
  Request start_receive(int, int) override { throw std::logic_error("no network"); }
  Message wait(Request) override { throw std::logic_error("no network"); }
  Seconds now() const override { return now_; }
  void wait_until(Seconds time) override { now_ = std::max(now_, time); }
  Traffic traffic() const override { return {}; }

 private:
  Seconds now_;
};

}  // namespace

TEST_CASE("a device does its stream in order") {
  Clock clock;
  Device device(clock);
  device.submit(Activity::compute, Seconds(4));
  const std::size_t second = device.submit(Activity::encode, Seconds(2));
  device.submit(Activity::compute, Seconds(3));
  device.finish(second);
  CHECK(clock.now() == Seconds(6));
  device.finish();
  CHECK(clock.now() == Seconds(9));
}

TEST_CASE("urgent work goes in between two pieces") {
  Clock clock;
  Device device(clock);
  const std::size_t first = device.submit(Activity::compute, Seconds(1));
  device.submit(Activity::compute, Seconds(4));
  device.submit(Activity::compute, Seconds(4));
  device.finish(first);
  clock.wait_until(Seconds(2));
  // At 2 the second piece runs, until 5; the third waits for the decoding.
  CHECK(device.start(Activity::decode, Seconds(2)) == Seconds(7));
  CHECK(clock.now() == Seconds(2));
  device.finish();
  CHECK(clock.now() == Seconds(11));
  const auto spans = device.take_spans();
  REQUIRE(spans.size() == 4);
  CHECK(spans[2].activity == Activity::decode);
  CHECK(spans[2].begin == Seconds(5));
  CHECK(spans[3].begin == Seconds(7));
}

TEST_CASE("waiting for a piece is over when that piece is done, whatever has begun since") {
  Clock clock;
  Device device(clock);
  device.submit(Activity::compute, Seconds(1));
  const std::size_t second = device.submit(Activity::encode, Seconds(1));
  device.submit(Activity::compute, Seconds(10));
  clock.wait_until(Seconds(2.5));
  // The third piece runs by now, until 12; then the decoding.
  CHECK(device.start(Activity::decode, Seconds(1)) == Seconds(13));
  device.finish(second);
  CHECK(clock.now() == Seconds(2.5));
}

TEST_CASE("an idle device begins at once") {
  Clock clock;
  Device device(clock);
  clock.wait_until(Seconds(3));
  device.spend(Activity::decode, Seconds(1));
  CHECK(clock.now() == Seconds(4));
  clock.wait_until(Seconds(10));
  device.submit(Activity::compute, Seconds(1));
  device.finish();
  CHECK(clock.now() == Seconds(11));
}

TEST_CASE("work that takes no time leaves no span and waits for nothing") {
  Clock clock;
  Device device(clock);
  const std::size_t first = device.submit(Activity::compute, Seconds(1));
  device.submit(Activity::compute, Seconds(5));
  device.finish(first);
  clock.wait_until(Seconds(2));
  CHECK(device.start(Activity::decode, Seconds(0)) == Seconds(2));
  device.finish();
  device.take_spans();
  device.submit(Activity::encode, Seconds(0));
  device.finish();
  CHECK(device.take_spans().empty());
}

TEST_CASE("urgent work interrupts a divisible piece, which goes on afterwards") {
  Clock clock;
  Device device(clock);
  const std::size_t long_one = device.submit_divisible(Activity::compute, Seconds(10));
  device.submit(Activity::encode, Seconds(1));
  clock.wait_until(Seconds(2));
  CHECK(device.start(Activity::decode, Seconds(3)) == Seconds(5));
  // What comes while that is on follows it, and still goes before the rest of the piece.
  clock.wait_until(Seconds(4));
  CHECK(device.start(Activity::decode, Seconds(1)) == Seconds(6));
  CHECK(device.started_until() == Seconds(6));
  clock.wait_until(Seconds(8));
  CHECK(device.start(Activity::decode, Seconds(2)) == Seconds(10));
  device.finish(long_one);
  CHECK(clock.now() == Seconds(16));
  device.finish();
  CHECK(clock.now() == Seconds(17));
  Seconds computing;
  Seconds at;
  for (const Span& span : device.take_spans()) {
    CHECK(span.begin == at);
    CHECK(span.end - span.begin == span.duration);
    at = span.end;
    if (span.activity == Activity::compute) computing += span.duration;
  }
  CHECK(at == Seconds(17));
  CHECK(computing == Seconds(10));
}

TEST_CASE("a divisible piece that is under way is taken in two parts") {
  Clock clock;
  Device device(clock);
  device.submit_divisible(Activity::compute, Seconds(10));
  clock.wait_until(Seconds(4));
  CHECK(device.start(Activity::encode, Seconds(1)) == Seconds(5));
  clock.wait_until(Seconds(6));
  const auto first = device.take_spans();
  REQUIRE(first.size() == 3);
  CHECK(first.back().end == Seconds(6));
  device.finish();
  const auto second = device.take_spans();
  REQUIRE(second.size() == 1);
  CHECK(second.front().duration == Seconds(5));
  CHECK(second.front().end == Seconds(11));
}

}  // namespace simrun
