// The rows of the reliability laboratory, in their order.
#pragma once

#include "torture/row.hpp"

namespace usertags::torture {

extern const Row kill;           // kill.cpp
extern const Row linearizable;   // linearizable.cpp

inline constexpr const Row* kRows[] = {&kill, &linearizable};

}   // namespace usertags::torture
