#include "sim/study/times_text.hpp"

namespace simrun {
namespace {

Json deviation_json(const Deviation& deviation) {
  return {deviation.shorter.value, deviation.longer.value};
}

Deviation read_deviation(const Json& json) {
  return {Seconds(json.at(0).get<double>()), Seconds(json.at(1).get<double>())};
}

}  // namespace

Json times_json(const Times& times) {
  Json used = Json::object();
  for (const auto& [operation, extents] : times.used) {
    Json& list = used[operation] = Json::array();
    for (const Extent& extent : extents) list.push_back({extent.least, extent.most});
  }
  Json unsettled = nullptr;
  if (times.unsettled)
    unsettled = {times.unsettled->iterations, times.unsettled->least.value, times.unsettled->most.value};
  return {{"iteration", times.iteration.value},
          {"compute", times.compute.value},
          {"encode", times.encode.value},
          {"communication", times.communication.value},
          {"decode", times.decode.value},
          {"staging", times.staging.value},
          {"rounds", {times.rounds.reduce.value, times.rounds.exchange.value, times.rounds.share.value}},
          {"result_bytes", times.result_bytes},
          {"sent_bytes", times.sent_bytes},
          {"received_bytes", times.received_bytes},
          {"used", used},
          {"deviations",
           {deviation_json(times.deviations.device), deviation_json(times.deviations.network),
            times.deviations.own_network, deviation_json(times.deviations.jitter), times.deviations.is_known}},
          {"pause", times.pause ? Json(times.pause->value) : Json()},
          {"exchange", times.exchange ? Json(times.exchange->value) : Json()},
          {"unsettled", unsettled}};
}

Times read_times(const Json& json) {
  Times times;
  const auto seconds = [&](const char* key) { return Seconds(json.at(key).get<double>()); };
  times.iteration = seconds("iteration");
  times.compute = seconds("compute");
  times.encode = seconds("encode");
  times.communication = seconds("communication");
  times.decode = seconds("decode");
  times.staging = seconds("staging");
  const Json& rounds = json.at("rounds");
  times.rounds = {Seconds(rounds.at(0).get<double>()), Seconds(rounds.at(1).get<double>()),
                  Seconds(rounds.at(2).get<double>())};
  json.at("result_bytes").get_to(times.result_bytes);
  json.at("sent_bytes").get_to(times.sent_bytes);
  json.at("received_bytes").get_to(times.received_bytes);
  const Json& deviations = json.at("deviations");
  times.deviations = {read_deviation(deviations.at(0)), read_deviation(deviations.at(1)),
                      deviations.at(2).get<double>(), read_deviation(deviations.at(3)), deviations.at(4).get<bool>()};
  times.interval = interval_around(times.iteration, times.deviations);
  if (const Json& pause = json.at("pause"); !pause.is_null()) times.pause = Seconds(pause.get<double>());
  if (const Json& exchange = json.at("exchange"); !exchange.is_null()) times.exchange = Seconds(exchange.get<double>());
  if (const Json& unsettled = json.at("unsettled"); !unsettled.is_null())
    times.unsettled = {unsettled.at(0).get<int>(), Seconds(unsettled.at(1).get<double>()),
                       Seconds(unsettled.at(2).get<double>())};
  for (const auto& [operation, extents] : json.at("used").items()) {
    std::vector<Extent>& used = times.used[operation];  // also where the operation has no axes
    for (const Json& extent : extents) used.push_back({extent.at(0).get<double>(), extent.at(1).get<double>()});
  }
  return times;
}

}  // namespace simrun
