// Products of matrices and layers against plain loops, gradients against finite differences.

#include "sim/training/classifier.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "sim/scenario/model_file.hpp"
#include "sim/training/multiply.hpp"

namespace simrun {
namespace {

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

float at(const MatrixView& m, std::size_t row, std::size_t column) {
  return m.transposed ? m.data[column * m.columns + row] : m.data[row * m.columns + column];
}

Model model_of(std::vector<std::vector<std::uint64_t>> shapes) {
  Model model{"test", {}};
  for (auto& shape : shapes) model.tensors.push_back({"t" + std::to_string(model.tensors.size()), std::move(shape)});
  return model;
}

/// Softmax regression, an MLP and a CNN on images of 12 by 12 pixels of four classes.
std::vector<Model> models() {
  return {model_of({{4, 144}, {4}}), model_of({{20, 144}, {20}, {4, 20}, {4}}),
          model_of({{3, 1, 3, 3}, {3}, {5, 3, 2, 2}, {5}, {6, 20}, {6}, {4, 6}, {4}})};
}

struct Case {
  std::vector<float> inputs = random_values(7 * 144, 1);
  std::vector<std::uint8_t> labels = {0, 1, 2, 3, 0, 1, 2};
  Batch batch() const { return {labels.size(), inputs}; }
};

}  // namespace

TEST_CASE("products of matrices are those of plain loops") {
  constexpr std::size_t m = 37, n = 29, k = 53;
  const std::vector<float> a = random_values(m * k, 1);
  const std::vector<float> b = random_values(k * n, 2);
  for (const bool transposed_a : {false, true}) {
    for (const bool transposed_b : {false, true}) {
      const MatrixView left = {a.data(), transposed_a ? k : m, transposed_a ? m : k, transposed_a};
      const MatrixView right = {b.data(), transposed_b ? n : k, transposed_b ? k : n, transposed_b};
      std::vector<float> c(m * n, 5.0F);
      multiply(left, right, Into::replace, c.data());
      multiply(left, right, Into::add, c.data());
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          double sum = 0;
          for (std::size_t l = 0; l < k; ++l) sum += static_cast<double>(at(left, i, l)) * at(right, l, j);
          CHECK(c[i * n + j] == Approx(2 * sum).margin(1e-4));
        }
      }
    }
  }
}

TEST_CASE("a convolution is the sum over kernel and channels at every place") {
  const Shape input = {2, 5, 6};
  const auto layer = make_convolution(input, 3, 2);
  const std::vector<float> parameters = random_values(layer->parameters(), 1);
  const std::vector<float> in = random_values(2 * input.size(), 2);
  std::vector<float> out(2 * layer->output().size());
  std::vector<float> scratch;
  layer->forward(parameters, {2, in}, out, scratch);
  REQUIRE(layer->output().size() == 3 * 4 * 5);
  std::size_t next = 0;
  for (std::size_t image = 0; image < 2; ++image) {
    for (std::size_t o = 0; o < 3; ++o) {
      for (std::size_t y = 0; y < 4; ++y) {
        for (std::size_t x = 0; x < 5; ++x) {
          float sum = parameters[3 * 2 * 4 + o];
          for (std::size_t c = 0; c < 2; ++c) {
            for (std::size_t i = 0; i < 4; ++i)
              sum += parameters[(o * 2 + c) * 4 + i] * in[((image * 2 + c) * 5 + y + i / 2) * 6 + x + i % 2];
          }
          CHECK(out[next++] == Approx(sum).margin(1e-5));
        }
      }
    }
  }
}

TEST_CASE("max-pooling keeps the largest of four pixels and leaves out what is left over") {
  const auto layer = make_max_pool({1, 3, 5});
  const std::vector<float> in = {1, 2, 5, 6, 9, 4, 3, 8, 8, 9, 9, 9, 9, 9, 9};
  std::vector<float> out(2);
  std::vector<float> scratch;
  layer->forward({}, {1, in}, out, scratch);
  CHECK(out == std::vector<float>{4, 8});
  std::vector<float> d_in(15);
  layer->backward({}, {1, in}, {1, out}, std::vector<float>{10, 20}, {}, d_in, scratch);
  // Of two equal pixels the first has the gradient.
  CHECK(d_in == std::vector<float>{0, 0, 0, 0, 0, 10, 0, 20, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("equal logits cost log C; the gradient is softmax less one-hot over the batch") {
  const std::vector<float> logits = {1, 1, 1, 1, 1, 1, 1, 1};
  std::vector<float> gradient(8);
  const Evaluation all = cross_entropy({2, logits}, 4, std::vector<std::uint8_t>{0, 3}, gradient);
  CHECK(all.loss == Approx(2 * std::log(4.0)));
  CHECK(all.correct == 1);  // of equal outputs the first
  CHECK(gradient == std::vector<float>{-0.375F, 0.125F, 0.125F, 0.125F, 0.125F, 0.125F, 0.125F, -0.375F});
}

TEST_CASE("gradients are the finite differences of the loss") {
  const Case data;
  for (const Model& model : models()) {
    const Classifier classifier(model, {1, 12, 12}, 4);
    const std::vector<float> parameters = classifier.initial_parameters(1);
    std::vector<float> gradient(classifier.parameters());
    Classifier::Workspace workspace;
    classifier.differentiate(parameters, data.batch(), data.labels, gradient, workspace);
    const auto loss_at = [&](const std::vector<float>& at) {
      return classifier.evaluate(at, data.batch(), data.labels, workspace).loss / 7;
    };
    for (std::size_t t = 0; t < model.tensors.size(); ++t) {
      INFO(model.tensors.size() << " tensors, tensor " << t);
      // Along the tensor's own gradient: the loss changes by h |g|^2, and where the step is small kinks matter little.
      const std::size_t begin = model.offset(t);
      const std::size_t end = model.offset(t + 1);
      double square = 0;
      for (std::size_t i = begin; i < end; ++i) square += std::pow(static_cast<double>(gradient[i]), 2);
      const double h = 5e-4 / std::sqrt(square);
      std::vector<float> up = parameters;
      std::vector<float> down = parameters;
      for (std::size_t i = begin; i < end; ++i) {
        up[i] += static_cast<float>(h) * gradient[i];
        down[i] -= static_cast<float>(h) * gradient[i];
      }
      CHECK((loss_at(up) - loss_at(down)) / (2 * h * square) == Approx(1).epsilon(0.01));
    }
  }
}

TEST_CASE("shipped models are classifiers of 28 by 28 pixels with the published numbers of parameters") {
  const auto parameters = [](const char* file) { return Classifier(read_model(file), {1, 28, 28}, 10).parameters(); };
  CHECK(parameters(SIMRUN_SOURCE_DIR "/scenarios/models/softmax-mnist.json") == 7850);
  CHECK(parameters(SIMRUN_SOURCE_DIR "/scenarios/models/mlp-mnist.json") == 159010);
  CHECK(parameters(SIMRUN_SOURCE_DIR "/scenarios/models/cnn-mnist.json") == 582026);
}

TEST_CASE("the first parameters are uniform within 1/sqrt(fan-in)") {
  const Classifier classifier(model_of({{300, 100}, {300}}), {1, 10, 10}, 300);
  const std::vector<float> first = classifier.initial_parameters(1);
  const auto [least, most] = std::minmax_element(first.begin(), first.end());
  CHECK(*least >= -0.1F);
  CHECK(*most <= 0.1F);
  double square = 0;
  for (const float x : first) square += static_cast<double>(x) * x / static_cast<double>(first.size());
  // The variance of a uniform distribution on [-0.1, 0.1] is 0.01 / 3; its estimate from 30,300 has a deviation of
  // sqrt(4/45) 0.01 / sqrt(30300), 0.5 % of that.
  CHECK(square == Approx(0.01 / 3).epsilon(0.03));
  CHECK(first != classifier.initial_parameters(2));
}

TEST_CASE("models that are no classifiers of the images are refused with the tensor to blame") {
  const auto blamed = [](const Model& model) {
    try {
      const Classifier classifier(model, {1, 12, 12}, 4);
    } catch (const ClassifierError& error) {
      return static_cast<int>(error.tensor);
    }
    return -1;
  };
  CHECK(blamed(model_of({{4, 144}, {4}})) == -1);
  CHECK(blamed(model_of({{4, 100}, {4}})) == 0);
  CHECK(blamed(model_of({{4, 144}, {5}})) == 0);
  CHECK(blamed(model_of({{4, 144}})) == 0);
  CHECK(blamed(model_of({{5, 144}, {5}})) == 1);
  CHECK(blamed(model_of({{8, 144}, {8}, {4}, {4}})) == 2);
  CHECK(blamed(model_of({{8, 1, 3, 2}, {8}})) == 0);
  CHECK(blamed(model_of({{8, 2, 3, 3}, {8}})) == 0);
  CHECK(blamed(model_of({{8, 1, 12, 12}, {8}})) == 0);
}

}  // namespace simrun
