#pragma once

#include "kernels/layout.hpp"

namespace simrun {

LayoutEntry dense32_layout();
LayoutEntry dense16_layout();
LayoutEntry dense_bf16_layout();
LayoutEntry pairs_layout();
LayoutEntry signs_layout();
LayoutEntry sparse_signs_layout();
LayoutEntry scaled_signs_layout();
LayoutEntry indices_layout();
LayoutEntry levels_layout();
LayoutEntry exponents_layout();
LayoutEntry two_means_layout();
LayoutEntry chunked_pairs_layout();
LayoutEntry sketch_layout();
LayoutEntry integers_layout();

}  // namespace simrun
