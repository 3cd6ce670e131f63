#include "sim/scenario/host_text.hpp"

namespace simrun {

Field<std::optional<Host>> host_field() {
  using Crosses = Host::Crosses;
  using Merges = Host::Merges;
  const auto object =
      Object<Host>()
          .required("bandwidth", &Host::bandwidth, bandwidth(), "bandwidth between device and host, each way")
          .with_default("crosses", "compressed", &Host::crosses,
                        choice<Crosses>({{"compressed", Crosses::compressed}, {"dense", Crosses::dense}}),
                        "what is copied before and after an exchange: the payload and its result, or 4 bytes a "
                        "parameter each way")
          .with_default("merges", "device", &Host::merges,
                        choice<Merges>({{"device", Merges::device}, {"host", Merges::host}}),
                        "where payloads are combined and decoded")
          .optional("memory_bandwidth", &Host::memory_bandwidth, bandwidth(),
                    "merges on the host: bandwidth of its memory, by which the device's times are scaled")
          .with_default("work", "0 s", &Host::work, duration(), "fixed work of the host an iteration")
          .check([](Host& host, const Where& where) {
            const bool given = host.memory_bandwidth.value > 0;
            if (host.merges == Merges::host && !given)
              (where / "memory_bandwidth").fail("is missing", "required with merges on the host");
            if (host.merges == Merges::device && given)
              (where / "memory_bandwidth").fail("does not go with merges on the device", "leave it out");
          })
          .field();
  return convert(object, [](const Host& host, const Where&) { return std::optional(host); });
}

}  // namespace simrun
