#include <cstdio>
#include <exception>

#include "sim/command_line.hpp"
#include "sim/error.hpp"

int main(int argc, char** argv) {
  try {
    return simrun::run_command_line(argc, argv);
  } catch (const simrun::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simrun: %s\n", error.what());
    return 1;
  }
}
