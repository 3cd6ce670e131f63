// The cache of payloads in folders that others have prepared, and among files that are not its own.

#include "sim/payloads/payload_cache.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "kernels/layout.hpp"
#include "tests/sim/program.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

std::vector<Payload> payloads(float value) {
  const std::vector<std::uint32_t> indices = {1, 5};
  const std::vector<float> values = {value, -value};
  return {make_pairs(IndexCoding::raw32, 10, {indices, values})};
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path().string());
  return files;
}

/// As if all of it had lain there for an hour.
void age(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    fs::last_write_time(entry, fs::file_time_type::clock::now() - std::chrono::hours(1));
}

}  // namespace

TEST_CASE("payload cache: what is kept under a key is found under it alone") {
  const TemporaryFolder folder;
  PayloadCache cache(folder.path(), "a/b", Bytes(1e9));
  cache.keep("one", payloads(1));
  cache.keep("two", payloads(2));
  CHECK(PayloadCache(folder.path(), "a/b", Bytes(1e9)).find("one") == payloads(1));
  CHECK_FALSE(cache.find("three"));
  CHECK(cache.notes().empty());
  struct stat about {};
  REQUIRE(::stat((folder.path() + "/a/b").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0700);
}

TEST_CASE("payload cache: what fits is held in memory, also where nothing is kept on disk") {
  const double size = static_cast<double>(payloads(1).front().size());
  PayloadCache cache("", "", Bytes(0), Bytes(2 * size));
  CHECK_FALSE(cache.find("one"));
  for (const char* key : {"one", "two", "three"}) cache.keep(key, payloads(1));
  cache.keep("one", payloads(4));  // takes the place of what was there
  CHECK(cache.find("one") == payloads(4));
  CHECK(cache.find("two") == payloads(1));
  CHECK_FALSE(cache.find("three"));
  CHECK(cache.notes().empty());
}

TEST_CASE("payload cache: a whole file under the name of another key counts as missing, and is made anew") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/kept";
  PayloadCache(folder.path(), "kept", Bytes(1e9)).keep("one", payloads(1));
  const std::string one = files_in(kept).at(0);
  PayloadCache(folder.path(), "kept", Bytes(1e9)).keep("two", payloads(2));
  for (const std::string& file : files_in(kept)) {
    if (file != one) fs::copy_file(one, file, fs::copy_options::overwrite_existing);
  }
  PayloadCache cache(folder.path(), "kept", Bytes(1e9));
  CHECK_FALSE(cache.find("two"));
  REQUIRE(cache.notes().size() == 1);
  CHECK_THAT(cache.notes()[0], Catch::StartsWith("1 file of the cache in " + kept));
  cache.keep("two", payloads(2));
  CHECK(cache.find("two") == payloads(2));
}

TEST_CASE("payload cache: making room removes nothing that is not the cache's") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/kept";
  PayloadCache(folder.path(), "kept", Bytes(1e9)).keep("old", payloads(1));
  const std::string own = files_in(kept).at(0);
  const std::string hexadecimal(32, 'a');
  folder.write("elsewhere", std::string(3000, 'x'));
  const std::vector<std::string> others = {"notes.doc",           hexadecimal,
                                           hexadecimal + ".part", hexadecimal + ".x.part",
                                           std::string(32, 'A'),  std::string(31, 'b')};
  for (const std::string& name : others) folder.write("kept/" + name, std::string(3000, 'x'));
  fs::create_symlink(folder.path() + "/elsewhere", kept + "/" + std::string(32, 'c'));
  fs::create_directory(kept + "/" + std::string(32, 'd'));
  const std::string unfinished = folder.write("kept/" + hexadecimal + ".123.part", "half");
  age(kept);
  PayloadCache(folder.path(), "kept", Bytes(400)).keep("new", payloads(2));
  for (const std::string& name : others) CHECK(fs::exists(kept + "/" + name));
  CHECK(fs::exists(folder.path() + "/elsewhere"));
  CHECK(fs::is_symlink(kept + "/" + std::string(32, 'c')));
  CHECK(fs::is_directory(kept + "/" + std::string(32, 'd')));
  CHECK_FALSE(fs::exists(own));
  CHECK_FALSE(fs::exists(unfinished));
}

TEST_CASE("payload cache: a folder behind a link, or open to others, is not used, and that is said") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() + "/victim/payloads");
  fs::create_directory(folder.path() + "/cache");
  const auto refused = [&](const std::string& below) {
    PayloadCache cache(folder.path(), below, Bytes(1e9));
    cache.keep("one", payloads(1));
    CHECK_FALSE(cache.find("one"));
    REQUIRE(cache.notes().size() == 1);
    CHECK(files_in(folder.path() + "/victim/payloads").empty());
    return cache.notes()[0];
  };
  fs::create_directory_symlink(folder.path() + "/victim/payloads", folder.path() + "/cache/payloads");
  CHECK_THAT(refused("cache/payloads"), Catch::Contains("/cache/payloads is a link"));
  fs::create_directory_symlink(folder.path() + "/victim", folder.path() + "/parent");
  CHECK_THAT(refused("parent/payloads"), Catch::Contains("/parent is a link"));
  fs::create_directory_symlink(folder.path() + "/none", folder.path() + "/dangling");
  CHECK_THAT(refused("dangling"), Catch::Contains("/dangling is a link"));
  CHECK_FALSE(fs::exists(folder.path() + "/none"));
  folder.write("file", "mine");
  CHECK_THAT(refused("file"), Catch::Contains("/file cannot be opened: Not a directory"));
  fs::permissions(folder.path() + "/victim/payloads", fs::perms::all);
  CHECK_THAT(refused("victim/payloads"), Catch::Contains("can be written by other users"));
}

TEST_CASE("payload cache: pipes, links and what others may write count as missing") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/kept";
  const auto try_with = [&](const auto& change) {
    fs::remove_all(kept);
    PayloadCache(folder.path(), "kept", Bytes(1e9)).keep("one", payloads(1));
    const std::string file = files_in(kept).at(0);
    change(file);
    PayloadCache cache(folder.path(), "kept", Bytes(1e9));
    CHECK_FALSE(cache.find("one"));
    CHECK(cache.notes().size() == 1);
  };
  try_with([](const std::string& file) {
    fs::remove(file);
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  });
  try_with([&](const std::string& file) {
    fs::rename(file, folder.path() + "/moved");
    fs::create_symlink(folder.path() + "/moved", file);
  });
  try_with([](const std::string& file) { fs::permissions(file, fs::perms::all); });
}

TEST_CASE("payload cache: without HOME nothing is kept, and nothing is looked for where others may write") {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() + "/tmp/.cache/simrun/payloads");
  folder.write("s.json", R"({"workers": 2, "model": {"name": "m", "tensors": [{"name": "a", "shape": [100]}]},
    "batch_per_worker": 8, "compute": {"forward": "1 ms", "backward": "2 ms"}, "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "top-k", "k": 5, "index": "delta"}]})");
  const Ended run = run_program("s.json -o out", folder.path(), "unset HOME XDG_CACHE_HOME; export TMPDIR=$PWD/tmp");
  CHECK(run.status == 0);
  CHECK_THAT(run.err, Catch::Contains("note: payloads are not kept for later runs: neither HOME nor XDG_CACHE_HOME"));
  CHECK(fs::is_empty(folder.path() + "/tmp/.cache/simrun/payloads"));
}

}  // namespace simrun
