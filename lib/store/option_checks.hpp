// What hosts may choose. Each throws Failure (invalid_argument) that names the option out of range.
#pragma once

#include <usertags/options.hpp>

namespace usertags::store {

void check(const Options& options);
void check(const Limits& limits);
void check_busy_timeout(std::chrono::milliseconds timeout);

}   // namespace usertags::store
