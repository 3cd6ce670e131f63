#pragma once

#include <functional>

namespace simrun {

/// Runs `work`; returns 0, or -1 where it throws, and leaves the message for simrun_error.
int guarded(const std::function<void()>& work);

}  // namespace simrun
