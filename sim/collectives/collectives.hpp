#pragma once

#include <memory>

#include "sim/collectives/collective.hpp"

/// The factories behind the table in sim/collectives/collective.cpp, one a file of this folder, and those for hosts.
/// Each states its time T on one switch, network model ideal, with latency a and bandwidth B, if all ranks begin
/// together.
namespace simrun {

std::unique_ptr<const Collective> make_ring(const CollectiveOptions&);
std::unique_ptr<const Collective> make_halving_doubling(const CollectiveOptions&);
std::unique_ptr<const Collective> make_tree(const CollectiveOptions&);
std::unique_ptr<const Collective> make_parameter_server(const CollectiveOptions& options);
std::unique_ptr<const Collective> make_sharded_parameter_server(const CollectiveOptions&);
std::unique_ptr<const Collective> make_allgather_ring(const CollectiveOptions&);
std::unique_ptr<const Collective> make_allgather_doubling(const CollectiveOptions&);
std::unique_ptr<const Collective> make_broadcast(const CollectiveOptions&);
std::unique_ptr<const Collective> make_sparse_halving(const CollectiveOptions&);
std::unique_ptr<const Collective> make_balanced_split(const CollectiveOptions&);
std::unique_ptr<const Collective> make_gossip(const CollectiveOptions& options);

/// Of dense payloads, among the GPUs of a host; users name them by `hierarchy`.
std::unique_ptr<const Collective> make_reduce_scatter();
std::unique_ptr<const Collective> make_reduce();
std::unique_ptr<const Collective> make_spread_from_first();

}  // namespace simrun
