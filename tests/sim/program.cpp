#include "tests/sim/program.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace simrun {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "simrun-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const std::string file = path_ + "/" + name;
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

Ended run_program(const std::string& arguments, const std::string& folder, const std::string& before) {
  const TemporaryFolder output;
  // Profiles measured on this machine must not change what tests see.
  const std::string command = "export XDG_CACHE_HOME='" + output.path() + "' && cd '" + folder + "' && " + before +
                              " && '" SIMRUN_PROGRAM "' " + arguments + " >'" + output.path() + "/out' 2>'" +
                              output.path() + "/err'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(output.path() + "/out"),
          read_file(output.path() + "/err")};
}

std::string read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string unwrapped(const std::string& text) {
  return std::regex_replace(text, std::regex("\n {11}"), " ");
}

std::vector<std::map<std::string, std::string>> parse_csv(const std::string& text) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> all(1);
    for (const char c : line) {
      if (c == ',') {
        all.emplace_back();
      } else {
        all.back() += c;
      }
    }
    return all;
  };
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = cells(line);
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(lines, line)) {
    const std::vector<std::string> values = cells(line);
    rows.emplace_back();
    for (std::size_t i = 0; i < names.size(); ++i) rows.back()[names[i]] = values.at(i);
  }
  return rows;
}

double number(const std::map<std::string, std::string>& row, const std::string& column) {
  return std::stod(row.at(column));
}

}  // namespace simrun
