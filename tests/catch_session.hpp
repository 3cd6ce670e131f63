#pragma once

namespace simrun {

/// Runs the test cases that Catch's command line names. Returns how many failed.
int run_test_cases(int argc, char* argv[]);

}  // namespace simrun
