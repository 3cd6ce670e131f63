#pragma once

#include <cstddef>
#include <span>

#include "sim/scenario/training.hpp"
#include "sim/training/random.hpp"

namespace simrun {

/// How many of the workers are adversaries: those of the lowest ranks.
std::size_t count_adversaries(const Adversaries& adversaries, std::size_t workers);

/// Makes of a gradient what an adversary sends in its place.
/// Source: Bernstein et al., ICLR 2019, section 3.3 (flip), and Blanchard et al., NeurIPS 2017 (noise).
void corrupt(Adversaries::Behaviour behaviour, RandomStream random, std::span<float> gradient);

}  // namespace simrun
