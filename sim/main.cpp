#include <exception>
#include <string>

#include "sim/command_line.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

int main(int argc, char** argv) {
  try {
    return simrun::run_command_line(argc, argv);
  } catch (const simrun::InputError& error) {
    simrun::say(error.what());
    return 2;
  } catch (const std::exception& error) {
    simrun::say(simrun::shortened(std::string("simrun: ") + error.what(), 4000));
    return 1;
  }
}
