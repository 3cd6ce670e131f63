#include "tests/fluid/cluster.hpp"

#include <array>
#include <cstdio>

namespace fluid {
namespace {

/// Every digit, so that the file says what the cluster is.
std::string exact(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", number);
  return text.data();
}

const char* policy(Sharing sharing) {
  switch (sharing) {
    case Sharing::each_way:
      return "SPLITDUPLEX";
    case Sharing::both_ways:
      return "SHARED";
    case Sharing::nobody:
      break;
  }
  return "FATPIPE";
}

}  // namespace

double Cluster::latency(int from, int to) const {
  double sum = 0;
  for (const Hop& hop : routes[from][to]) sum += links[hop.link].latency;
  return sum;
}

std::string platform_xml(const Cluster& cluster) {
  std::string xml = R"(<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
<zone id="world" routing="Full">
)";
  for (int h = 0; h < cluster.hosts(); ++h) xml += "<host id=\"h" + std::to_string(h) + "\" speed=\"1Gf\"/>\n";
  for (std::size_t i = 0; i < cluster.links.size(); ++i) {
    const Link& link = cluster.links[i];
    xml += "<link id=\"l" + std::to_string(i) + "\" bandwidth=\"" + exact(link.bandwidth) + "Bps\" latency=\"" +
           exact(link.latency) + "s\" sharing_policy=\"" + policy(link.sharing) + "\"/>\n";
  }
  for (int from = 0; from < cluster.hosts(); ++from) {
    for (int to = 0; to < cluster.hosts(); ++to) {
      if (from == to) continue;
      xml += "<route src=\"h" + std::to_string(from) + "\" dst=\"h" + std::to_string(to) + "\" symmetrical=\"NO\">";
      for (const Hop& hop : cluster.routes[from][to]) {
        xml += "<link_ctn id=\"l" + std::to_string(hop.link) + "\"";
        if (cluster.links[hop.link].sharing == Sharing::each_way)
          xml += std::string(" direction=\"") + (hop.up ? "UP" : "DOWN") + "\"";
        xml += "/>";
      }
      xml += "</route>\n";
    }
  }
  return xml + "</zone>\n</platform>\n";
}

}  // namespace fluid
