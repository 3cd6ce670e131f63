#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// A name for each point of the study that tells it from every other, also of other studies: the digest of all that its
/// result depends on. That is the resolved scenario without its title, the contents (not the names) of the model, of
/// the device's times and of the files of gradients and of the network, simrun's version and commit, and SimGrid's
/// version. (Files that a platform file names in turn are not looked at.) Throws std::runtime_error if a file cannot be
/// read.
std::vector<std::string> point_keys(const Study& study);

/// Digests of the contents of what a scenario names, by the path in it: model, device, network.platform, gradients.
using ContentDigests = std::map<std::string, std::string>;

/// By point. Throws std::runtime_error if a file cannot be read.
std::vector<ContentDigests> contents_of(const Study& study);

/// A name for what is found of a point by holding it against a share of another, of their keys.
std::string comparison_key(const std::string& point, const std::string& other, double share = 1);

}  // namespace simrun
