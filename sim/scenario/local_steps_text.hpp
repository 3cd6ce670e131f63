#pragma once

#include <array>
#include <string_view>

#include "sim/scenario/scenario.hpp"
#include "sim/scenario/sweep.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

struct MethodText;

/// The keys of a method that say how rarely workers exchange. All but the last a sweep may give for all methods; an
/// entry that gives its own keeps it.
constexpr std::array<const char*, 6> local_steps_keys = {"local_steps",  "fragments",  "delay",
                                                         "merge_weight", "full_every", "outer"};

/// True for those of them that a sweep may give for all methods.
bool is_swept_local_key(std::string_view key);

/// Adds these fields; what is left out is as the method has it.
void add_local_steps(Object<MethodText>& object);

/// Fills in what an entry of `methods` leaves out of its `outer`, where its method has one of its own.
void complete_outer(Json& entry);

/// Throws InputError below `where`, the method's entry: more fragments or more delay than steps, more fragments than
/// the model has parts, a grouping that is searched for.
void check_local_steps(const Scenario& scenario, const Where& where);

/// Throws InputError where workers of a point step on their own: `simrun schedule` looks for groups of gradients.
void refuse_local_steps(const Study& study);

}  // namespace simrun
