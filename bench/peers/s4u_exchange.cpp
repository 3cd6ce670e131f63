// The same exchanges as a plain S4U program that does nothing else. See peers.py.
// usage: s4u_exchange ring|all-gather|server WORKERS BYTES PLATFORM --cfg=...
// Prints the seconds of processor time that the simulation took, and the seconds that the exchange takes in it.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

namespace {

int token;  // what is sent: its contents do not matter
std::vector<sg4::Mailbox*> boxes;

/// Each step sends to the right and receives from the left.
void go_round(int rank, int workers, int steps, std::uint64_t bytes) {
  boxes[rank]->set_receiver(sg4::Actor::self());
  for (int step = 0; step < steps; ++step) {
    const sg4::CommPtr out = boxes[(rank + 1) % workers]->put_async(&token, bytes);
    boxes[rank]->get<int>();
    out->wait();
  }
}

void work(int rank, int workers, std::uint64_t bytes) {
  boxes[workers]->put(&token, bytes);
  boxes[rank]->get<int>();
}

void serve(int workers, std::uint64_t bytes) {
  std::vector<int*> received(workers);
  std::vector<sg4::CommPtr> all;
  for (int r = 0; r < workers; ++r) all.push_back(boxes[workers]->get_async<int>(&received[r]));
  for (const sg4::CommPtr& each : all) each->wait();
  all.clear();
  for (int r = 0; r < workers; ++r) all.push_back(boxes[r]->put_async(&token, bytes));
  for (const sg4::CommPtr& each : all) each->wait();
}

}  // namespace

int main(int argc, char** argv) {
  sg4::Engine engine(&argc, argv);
  const std::string exchange = argv[1];
  const int workers = std::atoi(argv[2]);
  const std::uint64_t bytes = std::strtoull(argv[3], nullptr, 10);
  engine.load_platform(argv[4]);
  for (int r = 0; r <= workers; ++r) boxes.push_back(sg4::Mailbox::by_name("to-" + std::to_string(r)));
  for (int r = 0; r < workers; ++r) {
    sg4::Actor::create("rank", sg4::Host::by_name("host-" + std::to_string(r)), [=] {
      if (exchange == "ring") go_round(r, workers, 2 * (workers - 1), 4 * ((bytes / 4 + workers - 1) / workers));
      if (exchange == "all-gather") go_round(r, workers, workers - 1, bytes);
      if (exchange == "server") work(r, workers, bytes);
    });
  }
  if (exchange == "server")
    sg4::Actor::create("server", sg4::Host::by_name("host-" + std::to_string(workers)), serve, workers, bytes);
  const std::clock_t begin = std::clock();
  engine.run();
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%.6f %.9f\n", took, sg4::Engine::get_clock());
}
