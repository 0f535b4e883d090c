// Computes the next assignment table from the present one and the present membership.
//
// Level-triggered: it looks at what is, never at what has just happened, so it may be called at any
// time and any number of times; without a reason to change it returns the same table.
//
//     standing of a member in a group      its slots
//     live and eligible                    balanced, at most one apart
//     silent or quiesced, not SlotsLost    stay as they are
//     SlotsLost, or no longer eligible     go to the live ones
//
// Determinism: pure
#pragma once

#include "base/time_types.h"
#include "coordinator/assignment/table.h"
#include "coordinator/membership/membership.h"

namespace convoy::coordinator {

// The next table; its version is one above `table`'s, in `epoch`, if it differs in anything, else
// it is `table` itself.
AssignmentTable Reconcile(const AssignmentTable& table, const Membership& membership, Epoch epoch,
                          MonoTime now);

}  // namespace convoy::coordinator
