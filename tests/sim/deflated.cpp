#include "tests/sim/deflated.hpp"

#include <zlib.h>

namespace simrun {

std::string deflated(const std::string& data, int level, int window) {
  constexpr std::size_t head_of_gzip = 64;
  z_stream stream{};
  ::deflateInit2(&stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, data.size()) + head_of_gzip, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

}  // namespace simrun
