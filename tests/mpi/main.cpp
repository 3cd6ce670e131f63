// One process of those that mpirun starts: all of them run all test cases. A rank that fails ends all.

#include "tests/catch_session.hpp"
#include "tests/mpi/world.hpp"

namespace simrun {

MpiWorld& world() {
  static MpiWorld all;
  return all;
}

}  // namespace simrun

int main(int argc, char** argv) {
  simrun::MpiWorld& world = simrun::world();
  const int failed = simrun::run_test_cases(argc, argv);
  if (failed != 0) world.abort("tests failed");
  return 0;
}
