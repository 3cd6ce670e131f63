#include "tests/catch_session.hpp"

int main(int argc, char* argv[]) {
  return simrun::run_test_cases(argc, argv);
}
