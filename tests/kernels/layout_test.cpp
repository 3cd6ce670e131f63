// What holds for every layout, shown on the payloads of every codec.

#include "kernels/layout.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

/// What is counted of a payload, and cut.
std::uint64_t count_of(const Payload& payload) {
  return layout_of(payload.kind()).has_indices ? payload.entries() : payload.elements();
}

/// The payload in parts of `size` entries each, which one payload is made of.
Payload made_of_pieces(const Payload& payload, std::uint64_t size) {
  std::vector<std::uint32_t> decoded;
  const BodyView view = view_body(payload, payload.kind(), decoded);
  std::vector<Piece> pieces;
  for (std::uint64_t first = 0; first < count_of(payload); first += size)
    pieces.push_back({view.values, first, std::min(first + size, count_of(payload)), count_of(payload)});
  return make_payload(payload.header(), view.indices, pieces);
}

}  // namespace

TEST_CASE("layouts have kinds and names of their own") {
  std::set<PayloadKind> kinds;
  std::set<std::string_view> names;
  for (const LayoutEntry& layout : layouts()) {
    CHECK(kinds.insert(layout.kind).second);
    CHECK(names.insert(layout.name).second);
    CHECK(&layout_of(layout.kind) == &layout);
    CHECK_FALSE((layout.bare && layout.has_indices));
    CHECK((layout.grain == nullptr || !layout.has_indices));
  }
  CHECK(find_layout(static_cast<PayloadKind>(200)) == nullptr);
  CHECK_THROWS_AS(layout_of(static_cast<PayloadKind>(200)), PayloadError);
}

TEST_CASE("a payload is its entries, piece by piece") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const Payload payload = each.make()->encode(normal_values(1003), 57, {});
    const std::uint64_t grain = grain_of(layout_of(payload.kind()), payload.header().format);
    CHECK(made_of_pieces(payload, count_of(payload)) == payload);
    CHECK(made_of_pieces(payload, grain) == payload);
    CHECK(made_of_pieces(payload, 3 * grain) == payload);
  }
}

TEST_CASE("zeros behind the elements of a payload leave those as they are") {
  std::set<std::string_view> can;
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const Payload payload = each.make()->encode(normal_values(1003), 57, {});
    const LayoutEntry& layout = layout_of(payload.kind());
    const std::uint64_t grain = grain_of(layout, payload.header().format);
    const std::uint64_t more = (1003 / grain + 3) * grain;
    const Payload longer = extended(payload, more);
    CHECK(extended(payload, 1003) == payload);
    if (layout.first_array == nullptr) {
      CHECK(longer == payload);
      continue;
    }
    can.insert(layout.name);
    CHECK(longer.elements() == more);
    CHECK(parse_again(longer) == longer);
    CHECK(shortened(longer, 1003) == payload);
    CHECK(longer.without_contents() == extended(payload.without_contents(), more));
  }
  CHECK(can == std::set<std::string_view>{"levels", "sketch"});
}

TEST_CASE("values that were encoded have no flaw") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const Payload payload = each.make()->encode(normal_values(1003), 57, {});
    const LayoutEntry& layout = layout_of(payload.kind());
    std::vector<std::uint32_t> decoded;
    const auto values = view_body(payload, payload.kind(), decoded).values;
    CHECK(values.size() == layout.size(count_of(payload), payload.header().format));
    if (layout.check != nullptr) CHECK_FALSE(layout.check(values, count_of(payload), payload.header().format));
  }
}
