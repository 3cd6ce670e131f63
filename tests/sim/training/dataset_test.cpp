// IDX files and data sets, sound and damaged.

#include "sim/training/dataset.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "sim/training/idx_file.hpp"
#include "tests/sim/training/images.hpp"

namespace simrun {
namespace {

/// What reading the file says.
std::string complaint(const std::string& file, std::size_t dimensions) {
  try {
    read_idx(file, dimensions);
  } catch (const InputError& error) {
    return std::string(error.what()).substr(file.size() + 2);
  }
  return "";
}

}  // namespace

TEST_CASE("an IDX file is read, compressed or not") {
  const TemporaryFolder folder;
  const std::string bytes = idx_bytes({2, 1, 3}, {1, 2, 3, 4, 5, 255});
  for (const std::string& contents : {bytes, gzipped(bytes)}) {
    const IdxArray array = read_idx(folder.write("a", contents), 3);
    CHECK(array.shape == std::vector<std::size_t>{2, 1, 3});
    CHECK(array.values == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 255});
  }
}

TEST_CASE("damaged IDX files are refused with what is wrong") {
  const TemporaryFolder folder;
  const std::string good = idx_bytes({2, 2}, {1, 2, 3, 4});
  const auto says = [&](const std::string& contents) { return complaint(folder.write("a", contents), 2); };
  const auto with = [&](std::size_t at, char value) {
    std::string changed = good;
    changed[at] = value;
    return changed;
  };
  CHECK(says("").starts_with("header: the file is shorter than a header"));
  CHECK(says(good.substr(0, 9)).starts_with("header: the file is shorter than a header"));
  CHECK(says(with(0, 1)).starts_with("header: it does not begin as an IDX file does"));
  CHECK(says(with(2, 13)).starts_with("header: the type of the values is 13, not 8"));
  CHECK(says(with(3, 3)).starts_with("header: 3 dimensions, not 2"));
  CHECK(says(with(7, 0)).starts_with("header: there are no values"));
  CHECK(says(good.substr(0, 15)).starts_with("values: 3 values, the header says 4"));
  CHECK(says(good + "x").starts_with("values: more values than the header says, 4"));
  // Far more values than there are: not a byte of memory for them.
  CHECK(says(with(4, 0x7f)).starts_with("values: 4 values, the header says 4261412868"));

  const std::string packed = gzipped(good);
  CHECK(says(packed.substr(0, packed.size() - 9)).starts_with("gzip: cannot be read: unexpected end of file"));
  std::string flipped = packed;
  flipped[packed.size() - 8] = static_cast<char>(flipped[packed.size() - 8] ^ 1);  // the checksum
  CHECK(says(flipped).starts_with("gzip: cannot be read: incorrect data check"));
  CHECK(complaint(folder.path() + "/none", 2).starts_with("file: cannot be opened"));
}

TEST_CASE("data sets are found by the names that people have") {
  const TemporaryFolder folder;
  const Where where{"s.json", "training.data"};
  const Dataset made = made_dataset();
  const auto write = [&](const std::string& prefix, const std::string& test, const std::string& before_idx,
                         const std::string& ending) {
    std::filesystem::create_directories(std::filesystem::path(folder.path() + "/" + prefix).parent_path());
    const auto write_samples = [&](const std::string& start, const Samples& samples) {
      const auto count = static_cast<std::uint32_t>(samples.size());
      const std::string images = idx_bytes({count, 12, 12}, samples.pixels),
                        labels = idx_bytes({count}, samples.labels);
      const bool packed = ending == ".gz";
      folder.write(start + "-images" + before_idx + "idx3-ubyte" + ending, packed ? gzipped(images) : images);
      folder.write(start + "-labels" + before_idx + "idx1-ubyte" + ending, packed ? gzipped(labels) : labels);
    };
    write_samples(prefix + "train", made.train);
    write_samples(prefix + test, made.test);
  };
  const auto reads = [&](const std::string& name) {
    const Dataset data = read_dataset(find_dataset(name, folder.path(), where), where);
    return data.train.pixels == made.train.pixels && data.test.labels == made.test.labels;
  };
  write("kaggle/", "t10k", ".", "");
  CHECK(reads("kaggle"));
  // Kaggle's archive also has folders of the other names.
  std::filesystem::create_directory(folder.path() + "/kaggle/train-images-idx3-ubyte");
  CHECK(reads("./kaggle/"));
  write("torch/FashionMNIST/raw/", "t10k", "-", ".gz");
  write("torch/FashionMNIST/raw/", "t10k", "-", "");  // torchvision unpacks what it has loaded
  CHECK(reads("torch/FashionMNIST/raw"));
  CHECK(reads("torch/FashionMNIST"));
  CHECK(reads("torch"));
  write("torch/MNIST/raw/", "t10k", "-", "");
  CHECK_THROWS_WITH(reads("torch"), Catch::EndsWith("torch has several data sets; accepted: one of them, "
                                                    "FashionMNIST or MNIST"));
  write("gzip/emnist-letters-", "test", "-", ".gz");
  CHECK(reads("gzip"));
  CHECK(reads("gzip/emnist-letters"));
  write("gzip/emnist-digits-", "test", "-", ".gz");
  CHECK(reads("gzip/emnist-letters"));
  CHECK_THROWS_WITH(reads("gzip"), Catch::Contains("gzip/emnist-digits or ") && Catch::EndsWith("gzip/emnist-letters"));
  CHECK_THROWS_WITH(reads("gzip/emnist"), Catch::Contains("there is no data set"));
  std::filesystem::remove(folder.path() + "/gzip/emnist-digits-test-labels-idx1-ubyte.gz");
  CHECK_THROWS_WITH(reads("gzip/emnist-digits"),
                    Catch::Contains("there is no emnist-digits-t10k-labels-idx1-ubyte in "));
}

TEST_CASE("pixels are normalised to mean 0 and variance 1") {
  // Greys 0, 0, 2, 2 have mean 1 and deviation 1.
  const auto value = normalised(std::vector<std::uint8_t>{0, 0, 2, 2});
  CHECK(value[0] == -1.0F);
  CHECK(value[2] == 1.0F);
  CHECK(value[255] == 254.0F);
  const auto flat = normalised(std::vector<std::uint8_t>{7, 7});
  CHECK(flat[7] == 0.0F);
}

TEST_CASE("a data set is found, read and checked") {
  const TemporaryFolder folder;
  write_images(folder);
  const Where where{"s.json", "training.data"};
  const std::string found = find_dataset("./images", folder.path(), where);
  const Dataset data = read_dataset(found, where);
  const Dataset made = made_dataset();
  CHECK(data.classes == 4);
  CHECK(data.train.pixels == made.train.pixels);
  CHECK(data.test.labels == made.test.labels);
  CHECK(data.value == made.value);

  // A name needs no slash, and is looked up beside the scenario first.
  CHECK(std::filesystem::equivalent(find_dataset("images", folder.path(), where), found));
  std::filesystem::create_directory(folder.path() + "/fashion-mnist");
  CHECK(std::filesystem::equivalent(find_dataset("fashion-mnist", folder.path(), where),
                                    folder.path() + "/fashion-mnist"));
  folder.write("file", "");
  CHECK_THROWS_WITH(find_dataset("file", folder.path(), where), Catch::Contains("there is no data set \"file\""));

  CHECK_THROWS_WITH(find_dataset("no-such-data", folder.path(), where),
                    Catch::StartsWith("s.json: training.data: there is no data set \"no-such-data\"; accepted: "));
  const std::string labels = "images/t10k-labels-idx1-ubyte";
  folder.write(labels, idx_bytes({99}, std::vector<std::uint8_t>(99, 0)));
  CHECK_THROWS_WITH(read_dataset(found, where), Catch::Contains("99 labels for 100 images"));
  folder.write(labels, idx_bytes({100}, std::vector<std::uint8_t>(100, 9)));
  CHECK_THROWS_WITH(read_dataset(found, where), Catch::Contains("labels to test that none to train has"));
  std::filesystem::remove(folder.path() + "/" + labels);
  CHECK_THROWS_WITH(read_dataset(found, where), Catch::Contains("there is no t10k-labels-idx1-ubyte"));
}

}  // namespace simrun
