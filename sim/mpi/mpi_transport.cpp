#include "sim/mpi/mpi_transport.hpp"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

namespace simrun {
namespace {

/// A wait sleeps this long at a time, so that messages that arrive meanwhile are not held up; the last stretch is spun,
/// because sleeps end late.
constexpr Seconds nap(500e-6);
constexpr Seconds spin(100e-6);

/// Ranks that share cores sleep between two looks at the network: for this share of the time that they have waited, but
/// within these bounds.
constexpr double share_slept = 1.0 / 32;
constexpr Seconds least_sleep(10e-6);
constexpr Seconds most_sleep(100e-6);

std::shared_ptr<std::byte> allocate(std::size_t bytes) {
  return {new std::byte[std::max<std::size_t>(bytes, 1)], std::default_delete<std::byte[]>()};
}

/// The regions, at their addresses in memory. MPI counts in int, so large ones are several blocks.
MPI_Datatype type_of(const std::vector<std::span<const std::byte>>& regions) {
  constexpr std::size_t most = std::size_t{1} << 30;
  std::vector<int> lengths;
  std::vector<MPI_Aint> places;
  for (std::span<const std::byte> rest : regions) {
    for (; !rest.empty(); rest = rest.subspan(std::min(most, rest.size()))) {
      lengths.push_back(static_cast<int>(std::min(most, rest.size())));
      MPI_Get_address(rest.data(), &places.emplace_back());
    }
  }
  MPI_Datatype type{};
  MPI_Type_create_hindexed(static_cast<int>(lengths.size()), lengths.data(), places.data(), MPI_BYTE, &type);
  MPI_Type_commit(&type);
  return type;
}

}  // namespace

MpiTransport::MpiTransport(MPI_Comm ranks, int workers, Cores cores) : ranks_(ranks), workers_(workers), cores_(cores) {
  MPI_Comm_rank(ranks_, &rank_);
  MPI_Barrier(ranks_);
  start_ = std::chrono::steady_clock::now();
}

Request MpiTransport::start_send(int to, Message message, int tag) {
  traffic_.sent += size_of(message);
  auto bytes = filler(most_hollow_bytes(message));
  const int id = requests_++;
  Outgoing& outgoing =
      sends_.emplace(id, Outgoing{OutgoingFrame(std::move(message), std::move(bytes)), MPI_REQUEST_NULL}).first->second;
  MPI_Datatype type = type_of(outgoing.frame.regions());
  MPI_Isend(MPI_BOTTOM, 1, type, to, tag, ranks_, &outgoing.request);
  MPI_Type_free(&type);
  return Request{id};
}

Request MpiTransport::start_receive(int from, int tag) {
  Channel& channel = channels_[{from, tag}];
  const int id = requests_++;
  receives_[id] = {&channel, channel.asked++};
  return Request{id};
}

Message MpiTransport::wait(Request request) {
  const int id = static_cast<int>(request);
  if (const auto send = sends_.find(id); send != sends_.end()) {
    wait_for(send->second.request);
    sends_.erase(send);
    return {};
  }
  const auto [channel, number] = receives_.at(id);
  receives_.erase(id);
  const Seconds begin = now();
  while (number >= channel->seen) {
    if (!accept()) rest(now() - begin);
  }
  auto incoming = channel->arrived.extract(number);
  wait_for(incoming.mapped().request);
  Message message = read_frame(incoming.mapped().bytes, incoming.mapped().size);
  traffic_.received += size_of(message);
  return message;
}

Seconds MpiTransport::now() const {
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
}

void MpiTransport::wait_until(Seconds time) {
  for (Seconds left = time - now(); left.value > 0; left = time - now()) {
    if (accept()) continue;
    if (left > spin) {
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left - spin, nap).value));
    } else {
      rest(Seconds(0));
    }
  }
}

/// Takes in a message that has begun to arrive; false if there is none. Moves on what is under way.
bool MpiTransport::accept() {
  int found = 0;
  MPI_Message message{};
  MPI_Status status{};
  MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, ranks_, &found, &message, &status);
  if (found == 0) return false;
  MPI_Count size = 0;
  MPI_Get_elements_x(&status, MPI_BYTE, &size);
  const auto bytes = static_cast<std::size_t>(size);
  Channel& channel = channels_[{status.MPI_SOURCE, status.MPI_TAG}];
  Incoming& incoming =
      channel.arrived.emplace(channel.seen++, Incoming{allocate(bytes), bytes, MPI_REQUEST_NULL}).first->second;
  MPI_Datatype type = type_of({{incoming.bytes.get(), bytes}});
  MPI_Imrecv(MPI_BOTTOM, 1, type, &message, &incoming.request);
  MPI_Type_free(&type);
  return true;
}

/// Between two looks at the network, after waiting that long. Ranks that share cores and only yield would keep those
/// from them that have something to do, the network among it: with 9 ranks on 2 cores, exchanges of signs took 1/3 of
/// the time with a sleep.
void MpiTransport::rest(Seconds waited) const {
  if (cores_ == Cores::own) {
    ::sched_yield();
    return;
  }
  const double sleep = std::clamp(waited.value * share_slept, least_sleep.value, most_sleep.value);
  std::this_thread::sleep_for(std::chrono::duration<double>(sleep));
}

void MpiTransport::wait_for(MPI_Request& request) {
  int is_done = 0;
  const Seconds begin = now();
  while (MPI_Test(&request, &is_done, MPI_STATUS_IGNORE), is_done == 0) {
    if (!accept()) rest(now() - begin);
  }
}

/// Written once, so that every page is memory of its own, as a gradient's would be.
std::shared_ptr<const std::byte> MpiTransport::filler(std::size_t bytes) {
  if (bytes > filler_bytes_) {
    filler_ = allocate(bytes);
    std::memset(filler_.get(), 1, bytes);
    filler_bytes_ = bytes;
  }
  return filler_;
}

}  // namespace simrun
