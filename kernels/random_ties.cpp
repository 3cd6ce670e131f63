#include "kernels/random_ties.hpp"

#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

Payload random_ballot(std::uint64_t elements, const std::function<std::uint32_t()>& draw) {
  const Payload::Header header = full_header(PayloadKind::signs, elements);
  std::vector<std::byte> bytes(header.bytes);
  const auto words = view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes));
  for (std::uint32_t& word : words) word = draw();
  if (elements % 32 != 0) words.back() &= (1U << (elements % 32)) - 1;
  return Payload::make(header, std::move(bytes));
}

}  // namespace

Payload RandomTies::combine(std::span<const Payload> parts) const {
  if (parts.size() % 2 != 0 || parts.empty()) return vote_->combine(parts);
  std::vector<Payload> ballots(parts.begin(), parts.end());
  ballots.push_back(random_ballot(parts.front().elements(), draw_));
  return vote_->combine(ballots);
}

}  // namespace simrun
