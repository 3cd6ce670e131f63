#include "sim/system/digest.hpp"

#include <xxhash.h>

#include <cstring>
#include <new>

namespace simrun {
namespace {

Digest canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  Digest digest;
  std::memcpy(digest.data(), bytes.digest, digest.size());
  return digest;
}

}  // namespace

struct DigestStream::State {
  XXH3_state_t* xxh;
};

Digest digest(std::span<const std::byte> bytes) {
  return canonical(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string hexadecimal(const Digest& digest) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : digest) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

std::string digest_of(const std::string& text) {
  return hexadecimal(digest(std::as_bytes(std::span(text))));
}

DigestStream::DigestStream() : state_(std::make_unique<State>()) {
  state_->xxh = XXH3_createState();
  if (state_->xxh == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_->xxh);
}

DigestStream::~DigestStream() {
  XXH3_freeState(state_->xxh);
}

void DigestStream::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

Digest DigestStream::digest() const {
  return canonical(XXH3_128bits_digest(state_->xxh));
}

}  // namespace simrun
