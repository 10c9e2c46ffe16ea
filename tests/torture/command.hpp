// What the executables of the laboratory do with their arguments (main.cpp): list rows, or run one and print
// a line.
#pragma once

#include <span>

#include "torture/row.hpp"

namespace usertags::torture {

// The exit status.
int run_command(std::span<const Row* const> rows, int count, char** arguments);

}   // namespace usertags::torture
