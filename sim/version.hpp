#pragma once

#include <string>

namespace simrun {

/// The git commit that the program was built from, with "-dirty" where sources differed from it; empty where it was not
/// built in a git checkout.
std::string simrun_commit();

}  // namespace simrun
