// The fixed numbers of usertags.h, for the enumerations of C++. The names go the other way.
#pragma once

#include <cstdint>

#include <usertags/user_tag_store.hpp>

namespace usertags::c {

std::int32_t number_of(ErrorCode code) noexcept;
std::int32_t number_of(OperationKind kind) noexcept;
std::int32_t number_of(Violation::Reason reason) noexcept;
std::int32_t number_of(Violation::Subject subject) noexcept;
std::int32_t number_of(ChangeKind kind) noexcept;
std::int32_t number_of(VerifyReport::Kind kind) noexcept;
std::int32_t number_of(LogLevel level) noexcept;

}   // namespace usertags::c
