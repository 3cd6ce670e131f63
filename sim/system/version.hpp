#pragma once

#include <string>

namespace simrun {

/// The git commit that the program was built from, with "-dirty" where sources differed from it; empty where it was not
/// built in a git checkout.
std::string simrun_commit();

/// Tells this program from others that may compute something else: version and commit, and the program's own contents
/// where it was not built from a commit as it is.
std::string program_identity();

}  // namespace simrun
