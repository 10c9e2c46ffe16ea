// The rows of the reliability laboratory, in their order.
#pragma once

#include "torture/row.hpp"

namespace usertags::torture {

extern const Row power_loss;           // power_loss.cpp
extern const Row power_loss_twice;     // power_loss_twice.cpp
extern const Row io_faults;            // io_faults.cpp
extern const Row kill;                 // kill.cpp
extern const Row model;                // model.cpp
extern const Row linearizable;         // linearizable.cpp
extern const Row rot;                  // rot.cpp
extern const Row processes;            // processes.cpp
extern const Row years;                // years.cpp
extern const Row versions;             // versions.cpp
extern const Row cluster_simulation;   // cluster.cpp

inline constexpr const Row* kRows[] = {
    &power_loss, &power_loss_twice, &io_faults,         &kill, &model, &linearizable, &rot, &processes,
    &years,      &versions,         &cluster_simulation};

}   // namespace usertags::torture
