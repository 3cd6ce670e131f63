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

}  // namespace simrun
