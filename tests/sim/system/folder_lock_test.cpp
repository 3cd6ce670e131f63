#include "sim/system/folder_lock.hpp"

#include <catch2/catch.hpp>

#include "sim/system/child_process.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

/// Locks the folder in another process.
void lock_elsewhere(const TemporaryFolder& folder, FolderLock::Kind kind) {
  run_in_child([&] {
    const FolderLock lock(folder.path(), kind);
    return std::string(lock.is_held() ? "held" : "not held");
  });
}

}  // namespace

TEST_CASE("folder lock: alone means alone, shared means shared") {
  using Kind = FolderLock::Kind;
  const TemporaryFolder folder;
  CHECK_FALSE(FolderLock::was_made_in(folder.path()));
  {
    const FolderLock lock(folder.path(), Kind::alone);
    CHECK(lock.is_held());
    CHECK(FolderLock::was_made_in(folder.path()));
    for (const Kind kind : {Kind::alone, Kind::shared})
      CHECK_THROWS_WITH(lock_elsewhere(folder, kind),
                        Catch::Contains("another run is at work in the folder " + folder.path()));
  }
  {
    const FolderLock lock(folder.path(), Kind::shared);
    CHECK_NOTHROW(lock_elsewhere(folder, Kind::shared));
    CHECK_THROWS_AS(lock_elsewhere(folder, Kind::alone), InputError);
  }
  CHECK_NOTHROW(lock_elsewhere(folder, Kind::alone));
}

TEST_CASE("folder lock: a folder that cannot be written is the user's to change") {
  CHECK_THROWS_WITH(FolderLock("/proc", FolderLock::Kind::alone),
                    Catch::StartsWith("command line: --out: the folder /proc cannot be written: "));
}

}  // namespace simrun
