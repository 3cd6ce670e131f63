#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/error_feedback.hpp"

namespace simrun {

/// Writes values down as bytes, for StateReader to read in the same order on the same kind of machine.
class StateWriter {
 public:
  template <class... Values>
  void operator()(const Values&... values) {
    (put(values), ...);
  }

  std::string take() { return std::move(bytes_); }

 private:
  template <class Value>
  void put(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(Value));
  }

  template <class Value>
  void put(const std::vector<Value>& values) {
    put(values.size());
    put_all(values.data(), values.size());
  }

  void put(const ErrorFeedback& feedback) { put_all(feedback.residual().data(), feedback.residual().size()); }

  template <class Value>
  void put_all(const Value* values, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<Value>);
    bytes_.append(reinterpret_cast<const char*>(values), count * sizeof(Value));
  }

  std::string bytes_;
};

/// Throws std::runtime_error where the bytes are too few, or too many at the end.
class StateReader {
 public:
  explicit StateReader(const std::string& bytes) : bytes_(bytes) {}

  template <class... Values>
  void operator()(Values&... values) {
    (get(values), ...);
  }

  void finish() const {
    if (at_ != bytes_.size()) throw std::runtime_error("the state is too long");
  }

 private:
  template <class Value>
  void get(Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    get_all(&value, 1);
  }

  template <class Value>
  void get(std::vector<Value>& values) {
    std::size_t count = 0;
    get(count);
    if (count > (bytes_.size() - at_) / sizeof(Value)) throw std::runtime_error("the state is too short");
    values.resize(count);
    get_all(values.data(), count);
  }

  void get(ErrorFeedback& feedback) {
    std::vector<float> residual(feedback.residual().size());
    get_all(residual.data(), residual.size());
    feedback.restore(residual);
  }

  template <class Value>
  void get_all(Value* values, std::size_t count) {
    if (count * sizeof(Value) > bytes_.size() - at_) throw std::runtime_error("the state is too short");
    if (count == 0) return;
    std::memcpy(static_cast<void*>(values), bytes_.data() + at_, count * sizeof(Value));
    at_ += count * sizeof(Value);
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace simrun
