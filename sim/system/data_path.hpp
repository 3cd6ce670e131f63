#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simrun {

/// The folder that holds scenarios/ and platforms/: beside the installed program (../share/simrun), else the source
/// tree.
std::string data_root();

/// The first of NAME as it is (if absolute), in `folder`, in the current folder, and in the data root that exists.
std::optional<std::string> find_file(const std::string& name, const std::string& folder);

/// FOLDER/NAME if that exists.
std::optional<std::string> file_in(const std::string& folder, const std::string& name);

/// Why a file that was named cannot be read: "cannot be opened: No such file or directory", "is a folder"; empty if it
/// can.
std::string why_unreadable(const std::string& file);

/// Throws InputError at --out unless a regular file of that name can be written, anew or over the one that is there.
/// Leaves nothing behind.
void check_writable(const std::string& file);

/// A folder `below` (like ".cache/simrun") of one that the user chose.
struct CachePlace {
  std::string root;
  std::string below;
};

/// Where simrun keeps things between runs: $XDG_CACHE_HOME/simrun or ~/.cache/simrun; none where neither that variable
/// nor HOME names a folder, since any other folder might be prepared by somebody else.
std::optional<CachePlace> cache_place();

/// What a scenario's file calls the results and, without `name`, the title: its name without folder and ending. Where
/// that is nothing but dots, "scenario".
std::string name_of_scenario(const std::string& file);

/// Throws InputError at --out where something that is no regular file has the name of one to be written.
void check_replaceable(const std::string& file);

/// The names (without .json) of the files in a folder, sorted; none if there is no such folder.
std::vector<std::string> json_names(const std::string& folder);

}  // namespace simrun
