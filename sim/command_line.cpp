#include "sim/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "sim/commands.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/system/data_path.hpp"
#include "sim/text/error.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/table.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// Help whose lines have at most 100 columns. Commands stand in a line each, by which completion and man pages are
/// made.
class NarrowHelp : public CLI::Formatter {
 public:
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(CLI::Formatter::make_option_desc(option), 0, 100 - get_column_width());
  }
};

/// A word that is neither a command nor a file, nor looks like one.
void check_scenario_is_none_of_commands(const std::string& word) {
  // What stands after -- is meant as a file, also where it looks like an option.
  if (word.empty() || word.front() == '-' || word.find_first_of("./") != std::string::npos || find_file(word, ""))
    return;
  std::vector<std::string> names;
  for (const Command& command : commands()) names.emplace_back(command.name);
  if (std::ranges::find(names, word) != names.end()) return;  // likewise
  const auto near = nearest(word, names);
  throw InputError(
      "command line", "arguments",
      "\"" + shown_name(word) + "\" is no command and no file" + (near ? ", did you mean \"" + *near + "\"?" : ""),
      "accepted: a scenario, or " + one_of(names));
}

void declare(CLI::App& app, Arguments& arguments) {
  app.formatter(std::make_shared<NarrowHelp>());
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("simrun ") + SIMRUN_VERSION + ", SimGrid " + simgrid_version());
  add_run(app, arguments.run);
  for (const Command& command : commands()) {
    CLI::App& added = *app.add_subcommand(command.name, command.help);
    added.footer(std::string("Examples:\n") + command.examples);
    command.add(added, arguments);
  }
  app.footer(
      "Examples:\nsimrun scenarios/32gpu_1gbe.json --set workers=64\n"
      "simrun scenarios/sweep_k_m.json -o results/sweep --jobs 8\n"
      "A scenario whose name is that of a command is given as a path: ./list");
}

/// The command that the arguments name, also where others are wrong; null where none does.
const Command* command_of(const CLI::App& app) {
  for (const Command& command : commands()) {
    if (app.got_subcommand(command.name)) return &command;
  }
  return nullptr;
}

/// "see simrun plan --help".
std::string see_help_of(const Command* command) {
  return "see simrun " + (command == nullptr ? "" : std::string(command->name) + " ") + "--help";
}

/// Options of a run do nothing beside a command.
void check_commands(const CLI::App& app) {
  const auto given = app.get_subcommands();
  if (given.empty()) return;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0)
      throw InputError("command line", option->get_name(), "does not go with " + given.front()->get_name(),
                       see_help_of(command_of(app)));
  }
}

/// What is given goes into JSON and messages.
void check_utf8(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (!is_utf8(argv[i]))
      throw InputError("command line", "arguments", "\"" + shown_name(argv[i]) + "\" is no UTF-8", "accepted: UTF-8");
  }
}

/// The exit status for a mistake, where it is not thrown.
int refuse(const CLI::App& app, const InputError& mistake) {
  const Command* command = command_of(app);
  if (command == nullptr || command->refuse == nullptr) throw mistake;
  return command->refuse(mistake);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Simulates distributed training with gradient compression on a cluster.", "simrun");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
    check_commands(app);
    check_utf8(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    return refuse(app, InputError("command line", "arguments", error.what(), see_help_of(command_of(app))));
  } catch (const InputError& mistake) {
    return refuse(app, mistake);
  }
  const Command* command = command_of(app);
  if (command == nullptr) check_scenario_is_none_of_commands(arguments.run.scenario);
  const int status = command == nullptr ? run_scenario(arguments.run) : command->run(arguments);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  return status;
}

}  // namespace simrun
