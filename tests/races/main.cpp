#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <regex>

#include "tests/catch_session.hpp"
#include "tests/races/threads.hpp"

namespace {

/// As tests/kernel_resources.py writes it.
std::string short_name(const std::string& mangled) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, nullptr), std::free);
  return std::regex_replace(name.get(), std::regex("simrun::(cuda::)?"), "");
}

/// Kernels that tests/kernel_budget.txt lists and no test launched; those of benchmarks aside.
std::set<std::string> kernels_left_out() {
  std::set<std::string> left_out;
  std::ifstream budget(SIMRUN_SOURCE_DIR "/tests/kernel_budget.txt");
  const std::regex form(R"( *\d+ +\d+ [^ ]+ +(.*))");
  std::smatch line;
  for (std::string text; std::getline(budget, text);) {
    const bool is_kernel = std::regex_match(text, line, form) && !line.str(1).starts_with("(anonymous");
    if (is_kernel) left_out.insert(line[1]);
  }
  if (left_out.empty()) throw std::runtime_error("tests/kernel_budget.txt lists no kernels");
  for (const std::string& kernel : simrun::cuda::launched_kernels()) left_out.erase(short_name(kernel));
  return left_out;
}

}  // namespace

int main(int argc, char* argv[]) {
  const int failed = simrun::run_test_cases(argc, argv);
  if (failed != 0 || argc > 1) return failed;
  const std::set<std::string> left_out = kernels_left_out();
  for (const std::string& kernel : left_out) std::printf("FAILED: no test in tests/races/ runs %s\n", kernel.c_str());
  return left_out.empty() ? 0 : 1;
}
