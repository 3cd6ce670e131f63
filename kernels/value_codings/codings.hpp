#pragma once

#include "kernels/value_coding.hpp"

namespace simrun {

ValueCodingEntry fp32_values();
ValueCodingEntry fp16_values();
ValueCodingEntry bf16_values();
ValueCodingEntry int8_values();
ValueCodingEntry int4_values();
ValueCodingEntry int2_values();
ValueCodingEntry sign_values();

}  // namespace simrun
