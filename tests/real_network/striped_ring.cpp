// Rings of all-reduces as NCCL sends them over TCP sockets, without NCCL: how long do they take on a real network?
//
//   striped_ring RANK RANKS PREFIX CHANNELS SOCKETS PIECE REPEATS SIZE...
//
// Rank r has the address PREFIX with r + 1 behind it. All SIZEs, in bytes, are reduced one after another, REPEATS
// times; rank 0 prints the seconds of each time. Nothing is summed up: bytes travel as they would. As in NCCL 2.29: a
// channel carries its part of a tensor in chunks of two slices, round by round through the ring; a slice is announced
// on a connection of its own, and cut into pieces of at least PIECE bytes for SOCKETS connections in turn; each half of
// them belongs to a thread that ends one batch of pieces before it begins the next; four slices may be on their way.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <system_error>
#include <vector>

namespace {

constexpr long largest_slice = 1 << 20;
constexpr int slices_under_way = 4;
constexpr int threads = 2;
constexpr std::uint16_t port = 7000;

struct Options {
  int rank, ranks;
  std::string prefix;
  int channels, sockets;
  long piece;
  int repeats;
  std::vector<long> sizes;
};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Connections that do not block: whether one did, and what to wait for.
class Waiting {
 public:
  bool has(int socket) const {
    return std::any_of(all_.begin(), all_.end(), [&](const pollfd& each) { return each.fd == socket; });
  }
  void add(int socket, short event) { all_.push_back({socket, event, 0}); }
  void wait() {
    if (::poll(all_.data(), all_.size(), -1) < 0) fail("poll");
    std::erase_if(all_, [](const pollfd& each) { return each.revents != 0; });
  }

 private:
  std::vector<pollfd> all_;
};

/// One direction of one channel.
class Stream {
 public:
  enum class Way { out, in };

  Stream(Way way, const Options& options) : way_(way), options_(options), sockets_(options.sockets) {}

  void set(int number, int socket) { (number == options_.sockets ? control_ : sockets_[number]) = socket; }
  void post(long size) { slices_.push_back({size, 0}); }
  std::size_t posted() const { return slices_.size(); }
  std::size_t done() const { return done_; }

  /// Moves what can be moved; true if that was anything.
  bool progress(Waiting& waiting) {
    bool any = announce(waiting);
    for (auto& pieces : batches_) any |= move(pieces, waiting);
    while (done_ < announced_ && slices_[done_].pieces == 0) ++done_, any = true;
    return any;
  }

 private:
  struct Slice {
    long size;
    int pieces;
  };
  struct Piece {
    int socket;
    long left;
    std::size_t slice;
  };

  /// Bytes that a connection took or gave, 0 if it would block.
  long transfer(int socket, char* data, long size, Waiting& waiting) {
    if (waiting.has(socket)) return 0;
    const ssize_t moved = way_ == Way::out ? ::send(socket, data, static_cast<std::size_t>(size), MSG_NOSIGNAL)
                                           : ::recv(socket, data, static_cast<std::size_t>(size), 0);
    if (moved > 0) return moved;
    if (moved == 0 || errno != EAGAIN) fail("transfer");
    waiting.add(socket, way_ == Way::out ? POLLOUT : POLLIN);
    return 0;
  }

  bool announce(Waiting& waiting) {
    bool any = false;
    for (char word = 0; announced_ < slices_.size() && transfer(control_, &word, 1, waiting) == 1; any = true) {
      Slice& slice = slices_[announced_];
      const long piece = std::max(options_.piece, (slice.size + options_.sockets - 1) / options_.sockets);
      for (long begin = 0; begin < slice.size; begin += piece, ++slice.pieces) {
        batches_[next_ % threads].push_back({sockets_[next_], std::min(piece, slice.size - begin), announced_});
        next_ = (next_ + 1) % options_.sockets;
      }
      ++announced_;
    }
    return any;
  }

  bool move(std::deque<Piece>& pieces, Waiting& waiting) {
    static char data[largest_slice];
    bool any = false;
    while (!pieces.empty()) {
      const auto end = pieces.begin() + std::min<long>(options_.sockets / threads, static_cast<long>(pieces.size()));
      for (auto piece = pieces.begin(); piece != end; ++piece) {
        while (piece->left > 0) {
          const long moved = transfer(piece->socket, data, std::min(piece->left, largest_slice), waiting);
          if (moved == 0) break;
          piece->left -= moved;
          if (piece->left == 0) --slices_[piece->slice].pieces;
          any = true;
        }
      }
      if (std::any_of(pieces.begin(), end, [](const Piece& piece) { return piece.left > 0; })) break;
      pieces.erase(pieces.begin(), end);
    }
    return any;
  }

  Way way_;
  const Options& options_;
  int control_ = -1;
  std::vector<int> sockets_;
  int next_ = 0;                          ///< connection of the next piece
  std::deque<Piece> batches_[threads];    ///< by thread
  std::vector<Slice> slices_;             ///< all so far
  std::size_t announced_ = 0, done_ = 0;  ///< of these, in order
};

/// What a rank does with one slice.
struct Step {
  bool receives, sends;
  long size;
};

/// The steps of a channel for its part of a tensor.
std::vector<Step> steps(long part, int ranks) {
  std::vector<Step> all;
  const long round = ranks * 2 * largest_slice;
  for (long begin = 0; begin < part; begin += round) {
    const long chunk = std::min(2 * largest_slice, (part - begin + ranks - 1) / ranks);
    const long first = std::min(chunk, std::max((chunk + 1) / 2, largest_slice / 16));
    const int last = 2 * (ranks - 1);
    for (int s = 0; s <= last; ++s) {
      for (const long size : {first, chunk - first}) {
        if (size > 0) all.push_back({s > 0, s < last, size});
      }
    }
  }
  return all;
}

struct Channel {
  Stream out, in;
  std::vector<Step> steps;
  std::size_t next = 0, awaited = 0;  ///< steps that were begun, and whose slices were asked for
  std::size_t received = 0;           ///< slices

  bool begin_steps() {
    bool any = false;
    for (; awaited < steps.size() && in.posted() < received + slices_under_way; ++awaited, any = true) {
      if (steps[awaited].receives) in.post(steps[awaited].size);
    }
    for (; next < steps.size(); ++next, any = true) {
      const Step& step = steps[next];
      if (step.receives && in.done() <= received) break;
      if (step.sends && out.posted() - out.done() >= slices_under_way) break;
      if (step.sends) out.post(step.size);
      if (step.receives) ++received;
    }
    return any;
  }
  bool is_done() const { return next == steps.size() && out.done() == out.posted(); }
};

void all_reduce(std::vector<Channel>& channels, long size, const Options& options) {
  const std::size_t used = size < 65536 ? 1 : channels.size();
  for (std::size_t c = 0; c < used; ++c) {
    channels[c].steps = steps(size / static_cast<long>(used), options.ranks);
    channels[c].next = channels[c].awaited = 0;
  }
  Waiting waiting;
  for (bool done = false; !done;) {
    bool any = false;
    done = true;
    for (std::size_t c = 0; c < used; ++c) {
      any |= channels[c].begin_steps();
      any |= channels[c].in.progress(waiting);
      any |= channels[c].out.progress(waiting);
      done &= channels[c].is_done();
    }
    if (!any && !done) waiting.wait();
  }
}

int prepared(int socket) {
  const int yes = 1;
  if (::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) fail("TCP_NODELAY");
  if (::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0) fail("TCP_CONGESTION");
  if (::fcntl(socket, F_SETFL, O_NONBLOCK) != 0) fail("O_NONBLOCK");
  return socket;
}

/// Connects to the next rank, and is connected to by the one before.
void connect(std::vector<Channel>& channels, const Options& options) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(listening, 1024) != 0) fail("listen");
  ::usleep(500'000);  // the others listen by then
  const std::string next = options.prefix + std::to_string((options.rank + 1) % options.ranks + 1);
  ::inet_pton(AF_INET, next.c_str(), &address.sin_addr);
  const int count = options.channels * (options.sockets + 1);
  for (int id = 0; id < count; ++id) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
    if (::send(socket, &id, sizeof id, 0) != sizeof id) fail("send");
    channels[id / (options.sockets + 1)].out.set(id % (options.sockets + 1), prepared(socket));
  }
  for (int i = 0; i < count; ++i) {
    const int socket = ::accept(listening, nullptr, nullptr);
    int id = 0;
    if (::recv(socket, &id, sizeof id, MSG_WAITALL) != sizeof id) fail("recv");
    channels[id / (options.sockets + 1)].in.set(id % (options.sockets + 1), prepared(socket));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) return 2;
  Options options{std::atoi(argv[1]), std::atoi(argv[2]), argv[3], std::atoi(argv[4]), std::atoi(argv[5]),
                  std::atol(argv[6]), std::atoi(argv[7]), {}};
  for (int i = 8; i < argc; ++i) options.sizes.push_back(std::atol(argv[i]));
  std::vector<Channel> channels;
  for (int c = 0; c < options.channels; ++c)
    channels.push_back({Stream(Stream::Way::out, options), Stream(Stream::Way::in, options), {}});
  connect(channels, options);
  for (int i = 0; i < options.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (const long size : options.sizes) all_reduce(channels, size, options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (options.rank == 0) std::printf("%.4f\n", took.count()), std::fflush(stdout);
  }
  ::usleep(500'000);  // the others have taken in all by then
  return 0;
}
