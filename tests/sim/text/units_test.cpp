#include <catch2/catch.hpp>

#include "sim/text/units.hpp"

namespace simrun {

TEST_CASE("quantities are read with their units") {
  CHECK(parse_seconds("50 us") == Seconds(50e-6));
  CHECK(parse_seconds("50us") == Seconds(50e-6));
  CHECK(parse_seconds("50 \u00b5s") == Seconds(50e-6));  // the micro sign
  CHECK(parse_seconds("50 \u03bcs") == Seconds(50e-6));  // the Greek letter
  CHECK(parse_seconds("99.5 ms") == Seconds(99.5e-3));
  CHECK(parse_seconds("0 s") == Seconds(0));
  CHECK(parse_seconds("3 ns") == Seconds(3e-9));
  CHECK(parse_seconds("2 min") == Seconds(120));
  CHECK(parse_bytes("25 MB") == Bytes(25e6));
  CHECK(parse_bytes("4 KiB") == Bytes(4096));
  CHECK(parse_bytes("8 Mb") == Bytes(1e6));  // b = bit
  CHECK(parse_bytes("7 B") == Bytes(7));
  CHECK(parse_bandwidth("1 Gbps") == BytesPerSecond(125e6));
  CHECK(parse_bandwidth("1 Gb/s") == BytesPerSecond(125e6));
  CHECK(parse_bandwidth("1 Gbit/s") == BytesPerSecond(125e6));
  CHECK(parse_bandwidth("1 Gibit/s") == BytesPerSecond(1073741824.0 / 8));
  CHECK(parse_bytes("8 Mbit") == Bytes(1e6));
  CHECK(parse_bandwidth("440 GB/s") == BytesPerSecond(440e9));
  CHECK(parse_bandwidth("1 Gibps") == BytesPerSecond(1073741824.0 / 8));
  CHECK(parse_bandwidth("100 Mbps") == BytesPerSecond(12.5e6));
}

TEST_CASE("what is no quantity is refused") {
  for (const char* text :
       {"", "us", "50", "50 ", "50  us", "50 usx", "us 50", "1e400 s", "nan s", "5 m", "5 S", "5 \u03bc", "5 \xb5s"})
    CHECK_FALSE(parse_seconds(text));
  for (const char* text : {"25", "25 M", "25 MBps", "25 mB", "25 KiBs"}) CHECK_FALSE(parse_bytes(text));
  for (const char* text : {"1 Gb", "1 GB", "1 bps/s", "1 Gps", "1 Gbits/s", "1 Gbit", "1 GBit/s"})
    CHECK_FALSE(parse_bandwidth(text));
}

TEST_CASE("a share is shown as 1 where it is 1") {
  CHECK(show(0.001) == "0.001");
  CHECK(show(0.99949) == "0.999");
  CHECK(show(0.9996) == "0.9996");
  CHECK(show(0.999996) == "0.999996");
  CHECK(show(1 - 1.0 / (1 << 30)) == "0.999999999");
  CHECK(show(1.0) == "1");
}

TEST_CASE("quantities are shown with three digits") {
  CHECK(show(Seconds(0)) == "0 s");
  CHECK(show(Seconds(1.5531)) == "1.55 s");
  CHECK(show(Seconds(0.0995)) == "99.5 ms");
  CHECK(show(Seconds(0.1395)) == "140 ms");  // 139.5 rounds to even
  CHECK(show(Seconds(50e-6)) == "50.0 us");
  CHECK(show(Seconds(999.9e-6)) == "1.00 ms");
  CHECK(show(Seconds(12e-9)) == "12.0 ns");
  CHECK(show(Seconds(1e9)) == "1.00e+09 s");
  CHECK(show(Bytes(117856)) == "118 kB");
  CHECK(show(Bytes(999)) == "999 B");
  CHECK(show(Bytes(58913064)) == "58.9 MB");
}

}  // namespace simrun
