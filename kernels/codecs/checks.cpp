#include <algorithm>
#include <string>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"

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
    if (part.header().format != parts.front().header().format)
      throw PayloadError("the payloads to combine differ in how their values are written");
  }
}

void check_contents(const Payload& payload) {
  if (!payload.has_contents()) throw PayloadError("the payload has no contents, only a size");
}

void check_previous(const RoundContext& context, std::size_t rounds) {
  if (context.previous.size() != rounds) throw PayloadError("the results of the earlier rounds are missing");
}

Payload values_at(std::span<const float> gradient, std::span<const std::uint32_t> indices, const Primitives& primitives,
                  Precision precision) {
  std::vector<std::byte> bytes(indices.size() * sizeof(float));
  const auto values = view_as<float>(std::span(bytes));
  primitives.gather(gradient, indices, values);
  if (!is_finite(values)) check_finite(gradient);
  const Payload::Header header = full_header(dense_kind(precision), indices.size());
  if (precision == Precision::fp32) return Payload::make(header, std::move(bytes));
  std::vector<std::byte> narrow(header.bytes);
  try {
    primitives.narrow(precision, values, view_as<std::uint16_t>(std::span(narrow)));
  } catch (const NonFiniteError& error) {
    throw NonFiniteError(indices[error.element]);
  }
  return Payload::make(header, std::move(narrow));
}

bool all_have_contents(std::span<const Payload> parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Payload& part) { return part.has_contents(); });
}

}  // namespace simrun
