// Failure: how an error of the world (disk, lock, file, memory) travels inside the library, up to the one
// boundary that turns it into the value that hosts see. What a caller has to expect in the normal course of
// things (no such user, a refused batch) is a value from the start and is never thrown.
#pragma once

#include <string>
#include <utility>

#include <usertags/error.hpp>

namespace usertags::model {

struct Failure {
  Error error;
};

// What happened, to what; and what to do, where that is not the same for every error of the code.
[[noreturn]] inline void fail(ErrorCode code, std::string what, std::string remedy = {}) {
  throw Failure{Error(code, Error::Details{.what = std::move(what), .remedy = std::move(remedy)})};
}

}   // namespace usertags::model
