#include "sim/scenario/gradients_text.hpp"

#include "sim/scenario/chosen.hpp"

namespace simrun {
namespace {

/// Gradients as they stand in the file.
struct GradientsText {
  enum class Source { synthetic, npy, training };
  Source source = Source::synthetic;
  std::optional<SyntheticGradients::Distribution> distribution;
  std::optional<double> agreement;
  std::optional<double> scale_spread;
  std::optional<double> degrees_of_freedom;
  std::optional<std::int64_t> seed;
  std::optional<std::vector<std::string>> files;
  std::optional<std::string> folder;
};

std::variant<SyntheticGradients, NpyFiles> gradients_of(const GradientsText& text, const Where& where) {
  using Source = GradientsText::Source;
  const bool synthetic = text.source == Source::synthetic;
  const bool npy = text.source == Source::npy;
  const bool training = text.source == Source::training;
  const Chosen chosen{synthetic ? "source synthetic" : npy ? "source npy" : "source training", where};
  SyntheticGradients made;
  NpyFiles read;
  chosen.take(text.distribution, made.distribution, optional_if(synthetic), "distribution");
  chosen.take(text.agreement, made.agreement, optional_if(synthetic), "agreement");
  chosen.take(text.scale_spread, made.scale_spread, optional_if(synthetic), "scale_spread");
  const bool has_degrees = synthetic && made.distribution == SyntheticGradients::Distribution::student_t;
  const Chosen of_distribution{synthetic ? "a distribution other than student-t" : chosen.what, where};
  of_distribution.take(text.degrees_of_freedom, made.degrees_of_freedom, optional_if(has_degrees),
                       "degrees_of_freedom");
  chosen.take(text.seed, made.seed, optional_if(synthetic), "seed");
  chosen.take(text.files, read.files, required_if(npy), "files");
  chosen.take(text.folder, read.folder, required_if(training), "folder");
  if (synthetic) return made;
  return read;
}

}  // namespace

Field<std::variant<SyntheticGradients, NpyFiles>> gradients_field() {
  using Source = GradientsText::Source;
  using Distribution = SyntheticGradients::Distribution;
  const SyntheticGradients usual;
  return convert(
      Object<GradientsText>()
          .with_default(
              "source", "synthetic", &GradientsText::source,
              choice<Source>({{"synthetic", Source::synthetic}, {"npy", Source::npy}, {"training", Source::training}}),
              "random numbers, NumPy files, or what simrun train has saved")
          .optional("distribution", &GradientsText::distribution,
                    usually(choice<Distribution>({{"normal", Distribution::normal},
                                                  {"laplace", Distribution::laplace},
                                                  {"student-t", Distribution::student_t}}),
                            "laplace"),
                    "synthetic: distribution of one element")
          .optional("agreement", &GradientsText::agreement, usually(number({0, 1}), usual.agreement),
                    "synthetic: share of variance common to all workers")
          .optional("scale_spread", &GradientsText::scale_spread, usually(number({0, 10}), usual.scale_spread),
                    "synthetic: log-normal sigma of the scale from tensor to tensor")
          .optional("degrees_of_freedom", &GradientsText::degrees_of_freedom,
                    usually(number({2, 1e6, true}), usual.degrees_of_freedom),
                    "synthetic: degrees of freedom of student-t")
          .optional("seed", &GradientsText::seed,
                    usually(whole(0, std::numeric_limits<std::int64_t>::max()), usual.seed),
                    "synthetic: seed of the random numbers")
          .optional("files", &GradientsText::files, list_of(text()),
                    "npy: one file for all workers or one each, relative to the scenario")
          .optional(
              "folder", &GradientsText::folder, name_text(),
              "training: the gradients of a round, saved by simrun train (save_gradients), relative to the scenario")
          .field(),
      gradients_of);
}

}  // namespace simrun
