#include "sim/scenario/model_file.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/scenario/model_text.hpp"
#include "sim/text/file_kind.hpp"
#include "sim/text/json.hpp"
#include "sim/text/natural_order.hpp"
#include "sim/text/where.hpp"
#include "sim/workload/data_file.hpp"
#include "sim/workload/safetensors.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

/// Integers are no parameters, nor are the statistics that batch normalisation keeps.
bool is_parameter(const StoredTensor& tensor) {
  const std::string_view name = tensor.name;
  return is_floating_point(tensor.type) && !name.ends_with("running_mean") && !name.ends_with("running_var");
}

std::vector<StoredTensor> tensors_of(const std::string& file, const Where& named) {
  try {
    return safetensors_of(DataFile(file));
  } catch (const InputError&) {
    throw;
  } catch (const std::runtime_error& error) {
    named.fail("cannot open " + file + ": " + error.what(), "accepted: a safetensors file that can be read");
  }
}

/// Whatever it is called.
bool begins_as_safetensors(const std::string& file) {
  try {
    return is_safetensors(DataFile(file));
  } catch (const std::runtime_error&) {
    return false;  // read_text() says why
  }
}

/// Those that an index tells to be in files beside it.
std::vector<StoredTensor> tensors_of_index(const std::string& file, const Json& index) {
  const Where where{file, "weight_map"};
  const Json& map = index.at("weight_map");
  if (!map.is_object() || map.empty()) where.fail("is " + brief(map), "accepted: an object, a file's name by tensor");
  std::map<std::string, std::set<std::string>> wanted;  // tensors by file
  for (const auto& [tensor, name] : map.items()) {
    const bool is_name = name.is_string() && name.get_ref<const std::string&>().find('/') == std::string::npos;
    if (!is_name) (where / tensor).fail("is " + brief(name), "accepted: the name of a file beside the index");
    wanted[name.get<std::string>()].insert(tensor);
  }
  std::vector<StoredTensor> all;
  for (auto& [name, names] : wanted) {
    const std::string part = (fs::path(file).parent_path() / name).string();
    for (StoredTensor& tensor : tensors_of(part, where)) {
      if (names.erase(tensor.name) != 0) all.push_back(std::move(tensor));
    }
    if (!names.empty()) (where / *names.begin()).fail("is not in " + part, "accepted: tensors that the files have");
  }
  return all;
}

/// The parameters among them, in the order of their names.
Model model_of(const std::string& file, std::vector<StoredTensor> tensors) {
  Model model;
  model.name = fs::path(file).filename().string();
  model.name.resize(std::min(model.name.rfind(".safetensors"), model.name.size()));
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) { return comes_before(a.name, b.name); });
  std::vector<std::string> left_out;
  for (StoredTensor& tensor : tensors) {
    if (is_parameter(tensor)) {
      model.tensors.push_back({std::move(tensor.name), std::move(tensor.shape)});
    } else {
      left_out.push_back(std::move(tensor.name));
    }
  }
  const Where where{file, ""};
  if (model.tensors.empty()) where.fail("has no tensor of floating-point numbers", "accepted: a model's parameters");
  check_tensors(model.tensors, where);
  model.assumed =
      "parameters by name, numbers by value, as the file has no forward order; its buffers and tied copies count "
      "(docs/scenario.md)";
  if (!left_out.empty())
    model.assumed += "; left out: " + std::to_string(left_out.size()) +
                     " that no gradient has (integers, running means and variances), " + left_out.front() +
                     (left_out.size() > 1 ? " the first" : "");
  return model;
}

}  // namespace

bool is_named_safetensors(const std::string& name) {
  return name.ends_with(".safetensors");
}

Model read_model(const std::string& file) {
  if (is_named_safetensors(file) || begins_as_safetensors(file))
    return model_of(file, tensors_of(file, {file, "file"}));
  refuse_other_start(file, "model");
  Json json = parse_json_of("model", file, read_text(file));
  if (json.is_object() && json.contains("weight_map")) return model_of(file, tensors_of_index(file, json));
  return model_field().read(json, {file, ""});
}

}  // namespace simrun
