#include <fcntl.h>

#include <exception>
#include <string>

#include "sim/command_line.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace {

/// The first file opened would take the place of a standard stream that is closed, and get what is meant for it.
void fill_closed_streams() {
  for (const int stream : {0, 1, 2}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
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
