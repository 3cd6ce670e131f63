#include "sim/simgrid/platform_file.hpp"

#include <expat.h>
#include <fmt/format.h>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/simgrid/dijkstra_zones.hpp"
#include "sim/simgrid/platform.hpp"
#include "sim/text/error.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

constexpr const char* accepted = "accepted: a SimGrid platform file in which the hosts that are used are joined";

/// All pairs of so many hosts are looked at.
constexpr std::size_t most_in_pairs = 64;

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what);
}

/// An element or attribute that would take part in the simulation behind simrun's back.
struct Refused {
  std::string_view element;    ///< empty: any
  std::string_view attribute;  ///< empty: the element itself
  std::string_view value;      ///< empty: any
  const char* why;
};

constexpr const char* sets_parameters = "sets parameters of SimGrid; simrun sets them all itself";
constexpr const char* changes = "changes with time, which the search for a steady state does not follow";
constexpr const char* wireless = "is wireless, which the network models do not know";
constexpr const char* is_shared = "is taken for SHARED by SimGrid; a <link> may have it";
constexpr const char* runs_programs = "starts a program; simrun's workers are the only ones";

/// Attributes that SimGrid takes for B/s, or s, where they have no unit.
constexpr std::string_view with_unit[] = {"bandwidth", "latency", "bw",     "lat",         "bb_bw",
                                          "bb_lat",    "bw_in",   "bw_out", "loopback_bw", "loopback_lat"};

/// True for a number alone, other than zero.
bool lacks_unit(const std::string& text) {
  char* end = nullptr;
  return std::strtod(text.c_str(), &end) != 0 && *end == '\0';
}

constexpr Refused refused[] = {
    {"config", "", "", sets_parameters},
    {"include", "", "", "takes in another file; put all into one"},
    {"actor", "", "", runs_programs},
    {"process", "", "", runs_programs},
    {"trace", "", "", changes},
    {"trace_connect", "", "", changes},
    {"", "state_file", "", changes},
    {"", "bandwidth_file", "", changes},
    {"", "latency_file", "", changes},
    {"", "sharing_policy", "WIFI", wireless},
    {"", "routing", "Wifi", wireless},
    {"", "routing", "WIFI", wireless},
    {"cluster", "sharing_policy", "FATPIPE", is_shared},
};

/// Reads the file's XML and throws std::runtime_error at what is refused; SimGrid has not seen it yet.
class Inspection {
 public:
  /// The first of with_unit that has none; empty where all have.
  const std::string& without_unit() const { return without_unit_; }

  DijkstraZones inspect(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<Inspection*>(self)->start(name, attributes);
        },
        [](void* self, const XML_Char* name) { static_cast<Inspection*>(self)->end(name); });
    const bool is_read =
        XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE) == XML_STATUS_OK;
    if (!what_.empty()) refuse(what_);
    if (!is_read) refuse("line " + line() + ": " + XML_ErrorString(XML_GetErrorCode(parser_.get())));
    return std::move(joined_);
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  std::string line() const { return std::to_string(XML_GetCurrentLineNumber(parser_.get())); }

  void start(std::string_view element, const XML_Char** attributes) {
    note(element, "", "");
    std::map<std::string_view, std::string> values;
    for (; *attributes != nullptr; attributes += 2) {
      note(element, attributes[0], attributes[1]);
      if (attributes[0] == std::string_view("radical")) count_hosts(attributes[1]);
      values[attributes[0]] = attributes[1];
    }
    for (const std::string_view name : with_unit) {
      const auto given = values.find(name);
      if (without_unit_.empty() && given != values.end() && lacks_unit(given->second))
        without_unit_ = std::string(name) + "=\"" + given->second + "\" of " + values["id"] +
                        " has no unit: " + given->second + (name.find("lat") == std::string_view::npos ? " B/s" : " s");
    }
    if (is_zone(element)) {
      open_.push_back(values["id"]);
      if (values["routing"].starts_with("Dijkstra")) joined_.add_zone(values["id"]);
    } else if (is_route(element) && !open_.empty()) {
      const std::string& symmetrical = values["symmetrical"];
      const bool is_one_way = symmetrical == "NO" || symmetrical == "no" || element.starts_with("bypass");
      joined_.add_route(open_.back(), values["src"], values["dst"], !is_one_way);
      joined_.add_gateway(values["src"], values["gw_src"]);
      joined_.add_gateway(values["dst"], values["gw_dst"]);
    } else if ((element == "host" || element == "router") && !open_.empty()) {
      joined_.add_host(open_.back(), values["id"]);
    }
  }

  void end(std::string_view element) {
    if (is_zone(element)) open_.pop_back();
  }

  /// By their names of today and of before.
  static bool is_zone(std::string_view element) { return element == "zone" || element == "AS"; }
  static bool is_route(std::string_view element) {
    return element == "route" || element == "zoneRoute" || element == "ASroute" || element.starts_with("bypass");
  }

  /// SimGrid would first write all numbers of "0-15,20" down.
  void count_hosts(const std::string& radical) {
    std::istringstream ranges(radical);
    for (std::string range; std::getline(ranges, range, ',');) {
      double first = 0;
      double last = 0;
      if (std::sscanf(range.c_str(), "%lf-%lf", &first, &last) == 2) hosts_ += std::max(0.0, last - first);
    }
    if (hosts_ >= static_cast<double>(most_hosts)) say("more than " + std::to_string(most_hosts) + " hosts");
  }

  void say(const std::string& what) {
    if (!what_.empty()) return;
    what_ = what;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void note(std::string_view element, std::string_view attribute, std::string_view value) {
    const auto fits = [](std::string_view rule, std::string_view text) { return rule.empty() || rule == text; };
    const auto* rule = std::find_if(std::begin(refused), std::end(refused), [&](const Refused& r) {
      return r.attribute == attribute && fits(r.element, element) && fits(r.value, value) &&
             !(r.element.empty() && attribute.empty());
    });
    if (rule == std::end(refused)) return;
    std::string what = "line " + line() + ": <" + std::string(element);
    if (!attribute.empty()) what += " " + std::string(attribute) + "=\"" + std::string(value) + "\"";
    say(what + "> " + rule->why);
  }

  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_{XML_ParserCreate(nullptr)};
  double hosts_ = 0;  ///< at least so many
  std::string what_;  ///< what is refused
  std::string without_unit_;
  std::vector<std::string> open_;  ///< zones, the innermost last
  DijkstraZones joined_;
};

/// Beyond these SimGrid's clock is too coarse for the times that follow.
constexpr double least_bandwidth = 1;    // B/s
constexpr double most_bandwidth = 1e18;  // B/s
constexpr double most_latency = 1000;    // s

/// SimGrid takes any number.
LinkFactors check_links(const sg4::Engine& engine) {
  LinkFactors factors;
  const auto fail = [](const sg4::Link& link, const char* what, double value, const char* wanted) {
    refuse(fmt::format("link {} has the {} {:.6g}, not {}", link.get_name(), what, value, wanted));
  };
  for (const sg4::Link* link : engine.get_all_links()) {
    const double bandwidth = link->get_bandwidth();
    const double latency = link->get_latency();
    if (!(bandwidth >= least_bandwidth && bandwidth <= most_bandwidth))
      fail(*link, "bandwidth", bandwidth, "one of 1 to 1e18 B/s");
    if (!(latency >= 0) || latency > most_latency) fail(*link, "latency", latency, "one of 0 to 1000 s");
    factors.least_bandwidth = std::max(factors.least_bandwidth, least_bandwidth / bandwidth);
    factors.most_bandwidth = std::min(factors.most_bandwidth, most_bandwidth / bandwidth);
    if (latency > 0) factors.most_latency = std::min(factors.most_latency, most_latency / latency);
  }
  return factors;
}

/// The names of a host and of the zones around it, from the inside.
std::vector<std::string> names_around(const sg4::Host& host) {
  std::vector<std::string> names{host.get_name()};
  const auto* zone = host.get_englobing_zone()->get_impl();
  for (; zone != nullptr; zone = zone->get_parent()) names.push_back(zone->get_name());
  return names;
}

[[noreturn]] void refuse_pair(const sg4::Host& from, const sg4::Host& to) {
  refuse("no route from " + from.get_name() + " to " + to.get_name());
}

/// Looks where SimGrid must not be asked.
void check_joined(const sg4::Host& one, const sg4::Host& other, DijkstraZones& joined) {
  std::vector<std::string> names = names_around(one);
  std::vector<std::string> other_names = names_around(other);
  std::string common;
  while (!names.empty() && !other_names.empty() && names.back() == other_names.back()) {
    common = names.back();
    names.pop_back();
    other_names.pop_back();
  }
  if (names.empty() || other_names.empty()) return;
  for (const auto* inner : {&names, &other_names}) {
    for (std::size_t i = 1; i < inner->size(); ++i) {
      if (joined.cut_off((*inner)[i], (*inner)[i - 1])) refuse_pair(one, other);
    }
  }
  if (!joined.part(common, names.back(), other_names.back())) return;
  if (joined.has_way(common, names.back(), other_names.back())) refuse_pair(other, one);
  refuse_pair(one, other);
}

/// Both ways are there; returns the name of a link that they share, or what was known of one before.
std::string check_pair(const sg4::Host* from, const sg4::Host* to, std::string shared, DijkstraZones& joined) {
  check_joined(*from, *to, joined);
  const Route there = find_route(*from, *to);
  const Route back = find_route(*to, *from);
  for (const sg4::Link* link : there.links) {
    if (!shared.empty()) break;
    const bool is_in_both = std::ranges::find(back.links, link) != back.links.end();
    if (is_in_both && link->get_sharing_policy() == sg4::Link::SharingPolicy::SHARED) shared = link->get_name();
  }
  return shared;
}

/// Returns the name of a link that both ways between two hosts share; empty where none was seen.
std::string check_routes(const std::vector<sg4::Host*>& hosts, DijkstraZones& joined) {
  std::string shared;
  if (hosts.size() <= most_in_pairs) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) shared = check_pair(hosts[j], hosts[i], shared, joined);
    }
    return shared;
  }
  std::map<const sg4::NetZone*, const sg4::Host*> zones;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) shared = check_pair(hosts[i - 1], hosts[i], shared, joined);
    const auto [first, is_new] = zones.try_emplace(hosts[i]->get_englobing_zone(), hosts[i]);
    if (!is_new || zones.size() > most_in_pairs) continue;
    for (const auto& [zone, host] : zones) {
      if (host != hosts[i]) shared = check_pair(host, hosts[i], shared, joined);
    }
  }
  return shared;
}

}  // namespace

PlatformContents check_platform(const PlatformUse& use) {
  try {
    Inspection inspection;
    DijkstraZones joined = inspection.inspect(use.file);
    sg4::Engine& engine = start_engine();
    configure(Network{});
    std::vector<sg4::Host*> hosts = load_platform(engine, use.file);
    const LinkFactors factors = check_links(engine);
    const std::size_t all = hosts.size();
    if (!use.hosts.empty()) hosts = hosts_named(hosts, use.hosts);
    hosts.resize(std::min(hosts.size(), static_cast<std::size_t>(use.count)));
    return {all, inspection.without_unit(), check_routes(hosts, joined), factors};
  } catch (const std::exception& error) {
    std::string what = error.what();
    if (what == "stoi" || what == "stod") what = "SimGrid cannot read one of its numbers";  // they say no more
    const bool is_of_unit = what.find("unknown unit") != std::string::npos;
    throw InputError(use.file, "platform", what.substr(0, what.find('\n')),
                     is_of_unit ? "accepted: bandwidths like 10Gbps or 125MBps, latencies like 50us" : accepted);
  }
}

}  // namespace simrun
