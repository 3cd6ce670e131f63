#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace simrun {

/// 128 bits that tell contents apart: XXH3 (not made to withstand somebody who wants two contents to collide).
using Digest = std::array<std::byte, 16>;

Digest digest(std::span<const std::byte> bytes);

/// 32 lower-case digits.
std::string hexadecimal(const Digest& digest);

/// Of a text, so written.
std::string digest_of(const std::string& text);

/// The digest of bytes that come in parts.
class DigestStream {
 public:
  DigestStream();
  DigestStream(const DigestStream&) = delete;
  DigestStream& operator=(const DigestStream&) = delete;
  ~DigestStream();

  void add(std::span<const std::byte> bytes);
  Digest digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simrun
