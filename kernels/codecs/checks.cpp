#include <algorithm>
#include <string>

#include "kernels/codecs/codecs.hpp"

namespace simrun {

void check_payload(const Payload& payload, PayloadKind kind, std::uint64_t elements) {
  if (payload.kind() != kind) throw PayloadError("the payload is of another kind than its codec makes");
  if (payload.elements() != elements) {
    throw PayloadError("the payload covers " + std::to_string(payload.elements()) + " elements, not " +
                       std::to_string(elements));
  }
}

void check_parts(std::span<const Payload> parts, PayloadKind kind) {
  if (parts.empty()) throw PayloadError("there are no payloads to combine");
  for (const Payload& part : parts) {
    check_payload(part, kind, parts.front().elements());
    if (part.index() != parts.front().index()) throw PayloadError("the payloads to combine differ in index coding");
  }
}

void check_contents(const Payload& payload) {
  if (!payload.has_contents()) throw PayloadError("the payload has no contents, only a size");
}

bool all_have_contents(std::span<const Payload> parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Payload& part) { return part.has_contents(); });
}

}  // namespace simrun
