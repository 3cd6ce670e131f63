#pragma once
#include "kernels/operation.hpp"
namespace simrun::cuda {
template <class Machine>
std::unique_ptr<Operation> make_operation(Machine& machine, const OperationCase& work);
}
