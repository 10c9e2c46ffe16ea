// Violations as text, for the message of a refused batch: one line, however strange the keys are.
#pragma once

#include <span>
#include <string>

#include <usertags/error.hpp>

namespace usertags::model {

// Appends, for example: 2 violations: create department: key_exists (now "sales"); set a#b:
// forbidden_character. Beyond the first few violations it says only how many there are.
void append_violation_list(std::span<const Violation> violations, std::string& out);

}   // namespace usertags::model
