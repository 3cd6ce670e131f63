#include "sim/scenario/gradients_text.hpp"

namespace simrun {
namespace {

/// Gradients as they stand in the file.
struct GradientsText : SyntheticGradients, GradientFiles {
  enum class Source { synthetic, files, training };
  Source source = Source::synthetic;
  Precision precision = Precision::fp32;
  std::optional<std::int64_t> sample;
};
using Source = GradientsText::Source;

Fit with_source(const GradientsText& text, Source source, Use use, Json if_missing = nullptr) {
  constexpr const char* names[] = {"source synthetic", "source files", "source training"};
  return Fit::to(names[static_cast<int>(text.source)], text.source == source ? use : Use::none, std::move(if_missing));
}

}  // namespace

Field<GradientsChoice> gradients_field() {
  using Text = GradientsText;
  using Distribution = SyntheticGradients::Distribution;
  const SyntheticGradients usual;
  const auto if_synthetic = [](Json if_missing) {
    return [=](const Text& text) { return with_source(text, Source::synthetic, Use::optional, if_missing); };
  };
  const auto with_degrees = [=](const Text& text) {
    const Json if_missing = usual.degrees_of_freedom;
    if (text.source != Source::synthetic || text.distribution == Distribution::student_t)
      return with_source(text, Source::synthetic, Use::optional, if_missing);
    return Fit::to("a distribution other than student-t", Use::none);
  };
  const auto object =
      Object<Text>()
          .with_default("source", "synthetic", &Text::source,
                        choice<Source>({{"synthetic", Source::synthetic},
                                        {"files", Source::files},
                                        {"npy", Source::files},
                                        {"training", Source::training}}),
                        "random numbers, files (npy means the same), or what simrun train has saved")
          .either("distribution", if_synthetic("laplace"), &Text::distribution,
                  usually(choice<Distribution>({{"normal", Distribution::normal},
                                                {"laplace", Distribution::laplace},
                                                {"student-t", Distribution::student_t}}),
                          "laplace"),
                  "synthetic: distribution of one element")
          .either("agreement", if_synthetic(usual.agreement), &Text::agreement,
                  usually(number({0, 1}), usual.agreement), "synthetic: share of variance common to all workers")
          .either("scale_spread", if_synthetic(usual.scale_spread), &Text::scale_spread,
                  usually(number({0, 10}), usual.scale_spread),
                  "synthetic: log-normal sigma of the scale from tensor to tensor")
          .either("degrees_of_freedom", with_degrees, &Text::degrees_of_freedom,
                  usually(number({2, 1e6, true}), usual.degrees_of_freedom),
                  "synthetic: degrees of freedom of student-t")
          .either("seed", if_synthetic(usual.seed), &Text::seed,
                  usually(whole(0, std::numeric_limits<std::int64_t>::max()), usual.seed),
                  "synthetic: seed of the random numbers")
          .either(
              "files", [](const Text& text) { return with_source(text, Source::files, Use::required); }, &Text::files,
              list_of(text()),
              "files: names or patterns (worker-*.npy) of .npy, .npz or .safetensors files, relative to the scenario")
          .either(
              "folder", [](const Text& text) { return with_source(text, Source::training, Use::required); },
              &Text::folder, name_text(),
              "training: the gradients of a round, saved by simrun train (save_gradients), relative to the scenario")
          .with_default(
              "precision", "fp32", &Text::precision,
              choice<Precision>({{"fp32", Precision::fp32}, {"fp16", Precision::fp16}, {"bf16", Precision::bf16}}),
              "as what the backward pass leaves them: each element is rounded before anything else is done")
          .optional("sample", &Text::sample, whole(1024, std::int64_t{1} << 32),
                    "elements of each of the 4 samples that are encoded where sizes depend on contents and all is "
                    "gathered; models of more than 4294967296 parameters are sampled by 16777216")
          .field();
  return convert(object, [](const Text& text, const Where&) {
    GradientsChoice choice{.source = GradientFiles(text), .precision = text.precision, .sample = {}};
    if (text.sample) choice.sample = static_cast<std::uint64_t>(*text.sample);
    if (text.source == Source::synthetic) choice.source = SyntheticGradients(text);
    return choice;
  });
}

}  // namespace simrun
