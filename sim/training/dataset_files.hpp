#pragma once

#include <string>

#include "sim/text/where.hpp"

namespace simrun {

/// The four IDX files of a data set.
struct DatasetFiles {
  std::string train_images;
  std::string train_labels;
  std::string test_images;
  std::string test_labels;
};

/// Finds them in `place`: a folder, its folder `raw`, or the `raw` of the one folder in it that has one (as torchvision
/// lays them out). Names are as data sets have them: train-images-idx3-ubyte, the same with `test` or `t10k`, with
/// `labels-idx1`, with a dot before idx, with .gz, and with a prefix (emnist-letters-) that all four share. Where a
/// folder has several such sets, `place` is folder/PREFIX. Throws InputError at `where`.
DatasetFiles find_dataset_files(const std::string& place, const Where& where);

/// True for a folder, and for the prefix of files in one.
bool is_dataset_place(const std::string& place);

}  // namespace simrun
