#pragma once

#include "kernels/index_coding.hpp"

namespace simrun {

IndexCodingEntry raw32_coding();
IndexCodingEntry bitmap_coding();
IndexCodingEntry delta_coding();
IndexCodingEntry elias_fano_coding();

}  // namespace simrun
