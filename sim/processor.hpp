#pragma once

#include <string>

namespace simrun {

/// This machine's processor and its threads, for people: "AMD EPYC 9R14, 2 threads".
std::string this_processor();

}  // namespace simrun
