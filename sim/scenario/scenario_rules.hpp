#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/text/where.hpp"

namespace simrun {

// Rules that need more than one part of a scenario. All throw InputError. `here`: the method's entry.

/// Groups that do not fit the model.
void check_grouping(const Grouping& grouping, const Model& model, const Where& where);

/// What does not go with each other on the network and in the schedule.
void check_together(const Scenario& scenario, const Where& top);

/// Models that are too large for the method.
void check_size(const Scenario& scenario, const Where& here);

/// What does not go with models that are exchanged with neighbours.
void check_neighbours(const Scenario& scenario, const Where& top, const Where& here);

/// What does not go with hierarchies, and what of it not with training.
void check_training(const Scenario& scenario, const Where& top, const Where& here);

/// What is allowed, but hardly what somebody means: a line each. Throws nothing.
std::vector<std::string> notes_on(const Scenario& scenario, const Where& here);

}  // namespace simrun
