#pragma once

namespace simrun {

/// Does what the arguments ask for; returns the exit status. Throws InputError.
int run_command_line(int argc, char** argv);

}  // namespace simrun
