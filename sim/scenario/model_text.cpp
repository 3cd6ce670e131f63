#include "sim/scenario/model_text.hpp"

#include <algorithm>
#include <set>

#include "sim/text/json.hpp"

namespace simrun {

void check_tensors(const std::vector<Tensor>& tensors, const Where& where) {
  constexpr double most = 1e12;
  std::set<std::string> names;
  double total = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    const Where here = where / "tensors" / i;
    if (!names.insert(tensor.name).second)
      (here / "name").fail("\"" + tensor.name + "\" is used twice", "a name of its own for every tensor");
    double elements = 1;
    if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end())
      (here / "shape").fail("the tensor \"" + tensor.name + "\" is empty", "accepted: dimensions of at least 1");
    for (const std::uint64_t dimension : tensor.shape) elements *= static_cast<double>(dimension);
    total += elements;
    if (total > most) (here / "shape").fail("the model is too large", "accepted: at most 1e12 parameters");
  }
}

Field<Model> model_field() {
  const auto dimension = convert(whole(1, 1'000'000'000'000),
                                 [](std::int64_t size, const Where&) { return static_cast<std::uint64_t>(size); });
  const auto tensor = Object<Tensor>()
                          .required("name", &Tensor::name, name_text(), "name of the tensor")
                          .required("shape", &Tensor::shape, list_of(dimension, 0), "its dimensions, none of a scalar")
                          .field();
  struct ModelText {
    std::string name;
    std::string source;
    std::vector<Tensor> tensors;
  };
  const auto model =
      Object<ModelText>()
          .required("name", &ModelText::name, name_text(), "name of the model")
          .optional("source", &ModelText::source, text(), "where the shapes come from")
          .required("tensors", &ModelText::tensors, list_of(tensor), "parameter tensors in forward order")
          .field();
  return convert(model, [](ModelText read, const Where& where) {
    check_tensors(read.tensors, where);
    return Model{std::move(read.name), std::move(read.tensors)};
  });
}

}  // namespace simrun
