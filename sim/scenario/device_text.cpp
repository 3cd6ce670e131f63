#include "sim/scenario/device_text.hpp"

#include <utility>

namespace simrun {
namespace {

Field<std::string> one_implementation() {
  Field<std::string> name = name_text();
  name.read = [read = name.read](Json& value, const Where& where) {
    if (value.is_array()) where.fail("is " + brief(value), "accepted: one; sweep.device.implementation has several");
    return read(value, where);
  };
  return name;
}

}  // namespace

Field<DeviceText> device_field() {
  auto memory = bandwidth();
  memory.schema["examples"] = {"440 GB/s"};
  const auto scaled = Object<DeviceText::Scaled>()
                          .required("name", &DeviceText::Scaled::name, name_text(), "name of the device scaled to")
                          .required("bandwidth", &DeviceText::Scaled::bandwidth, memory,
                                    "bandwidth of its memory, read and write together")
                          .field();
  const auto object =
      Object<DeviceText>()
          .required("profile", &DeviceText::profile, text(), "name or path of the profile")
          .optional("implementation", &DeviceText::implementation, one_implementation(),
                    "whose kernels the profile must be of: simrun, or pytorch")
          .optional(
              "scaled_to", &DeviceText::scaled_to,
              convert(scaled, [](DeviceText::Scaled read, const Where&) { return std::optional(std::move(read)); }),
              "another device: times are scaled by the ratio of memory bandwidths")
          .optional("memory", &DeviceText::memory, size(),
                    "of the device, that training itself leaves to a method; left out, nothing is said of what fits")
          .field();
  const auto name = convert(text(), [](std::string read, const Where&) {
    return DeviceText{std::move(read), {}, {}, {}};
  });
  return text_or_object(
      name, object,
      "auto, cpu, cuda, a profile's name or path, or an object with profile, implementation, scaled_to and memory");
}

}  // namespace simrun
