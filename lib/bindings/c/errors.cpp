// Errors and violations, as C sees them.
#include <array>
#include <cstdint>
#include <string>

#include "bindings/c/codes.hpp"
#include "bindings/c/handles.hpp"

namespace usertags::c {

namespace {

// For when memory is missing: an error of each code, without details.
usertags_error* bare(ErrorCode code) noexcept {
  static std::array<usertags_error, 256> errors = []<std::size_t... number>(std::index_sequence<number...>) {
    return std::array<usertags_error, 256>{
        usertags_error{.error = static_cast<ErrorCode>(number), .is_static = true}...};
  }(std::make_index_sequence<256>());
  return &errors[static_cast<std::uint8_t>(code)];
}

const Violation* violation_of(const usertags_violation* violation) noexcept {
  return reinterpret_cast<const Violation*>(violation);
}

template <class Number>
bool tell(const std::optional<Number>& number, std::int64_t* value) noexcept {
  if (!number) return false;
  if (value != nullptr) *value = static_cast<std::int64_t>(*number);
  return true;
}

usertags_text words(const usertags_error* error, const OnDemand<std::string> usertags_error::* member,
                    std::string (Error::*make)() const) noexcept {
  if (error == nullptr) return kAbsent;
  const std::string* text = (error->*member).get([&] { return (error->error.*make)(); });
  return text_of(text != nullptr ? std::string_view(*text) : to_string(error->error.code()));
}

}   // namespace

usertags_error* handle_of(const Error& error) noexcept {
  auto* handle = new (std::nothrow) usertags_error{.error = error};
  return handle != nullptr ? handle : bare(error.code());
}

}   // namespace usertags::c

using usertags::c::kAbsent;
using usertags::c::number_of;
using usertags::c::tell;
using usertags::c::text_of;
using usertags::c::violation_of;

void usertags_error_free(usertags_error* error) {
  if (error != nullptr && !error->is_static) delete error;
}

int32_t usertags_error_code(const usertags_error* error) {
  return error != nullptr ? number_of(error->error.code()) : USERTAGS_OK;
}

usertags_text usertags_error_message(const usertags_error* error) {
  return usertags::c::words(error, &usertags_error::message, &usertags::Error::message);
}

usertags_text usertags_error_what(const usertags_error* error) {
  return usertags::c::words(error, &usertags_error::what, &usertags::Error::what);
}

usertags_text usertags_error_existing_id(const usertags_error* error) {
  if (error == nullptr || error->error.existing_id().empty()) return kAbsent;
  return text_of(error->error.existing_id());
}

bool usertags_error_number(const usertags_error* error, int32_t field, int64_t* value) {
  if (error == nullptr) return false;
  const usertags::Error& named = error->error;
  switch (field) {
    case USERTAGS_FIELD_ITEM: return tell(named.item(), value);
    case USERTAGS_FIELD_CURRENT_REVISION: return tell(named.current_revision(), value);
    case USERTAGS_FIELD_INTENDED_REVISION: return tell(named.intended_revision(), value);
    case USERTAGS_FIELD_FLOOR: return tell(named.floor(), value);
    case USERTAGS_FIELD_CURRENT_VERSION: return tell(named.current_version(), value);
    case USERTAGS_FIELD_HOLDER_PID: return tell(named.holder_pid(), value);
    case USERTAGS_FIELD_POSITION: return tell(named.position(), value);
    case USERTAGS_FIELD_SYSTEM_ERROR: return tell(named.system_error(), value);
    default: return false;
  }
}

size_t usertags_error_violation_count(const usertags_error* error) {
  return error != nullptr ? error->error.violations().size() : 0;
}

const usertags_violation* usertags_error_violation(const usertags_error* error, size_t index) {
  if (index >= usertags_error_violation_count(error)) return nullptr;
  return reinterpret_cast<const usertags_violation*>(&error->error.violations()[index]);
}

int32_t usertags_violation_reason(const usertags_violation* violation) {
  return violation != nullptr ? number_of(violation_of(violation)->reason) : 0;
}

int32_t usertags_violation_subject(const usertags_violation* violation) {
  return violation != nullptr ? number_of(violation_of(violation)->subject) : 0;
}

int32_t usertags_violation_operation(const usertags_violation* violation) {
  if (violation == nullptr || !violation_of(violation)->operation) return 0;
  return number_of(*violation_of(violation)->operation);
}

int32_t usertags_violation_first_operation(const usertags_violation* violation) {
  if (violation == nullptr || !violation_of(violation)->first_operation) return 0;
  return number_of(*violation_of(violation)->first_operation);
}

usertags_text usertags_violation_key(const usertags_violation* violation) {
  return violation != nullptr ? text_of(std::string_view(violation_of(violation)->key)) : kAbsent;
}

usertags_text usertags_violation_current(const usertags_violation* violation) {
  return violation != nullptr ? text_of(violation_of(violation)->current) : kAbsent;
}

bool usertags_violation_number(const usertags_violation* violation, int32_t field, int64_t* value) {
  if (violation == nullptr) return false;
  const usertags::Violation& named = *violation_of(violation);
  switch (field) {
    case USERTAGS_FIELD_ITEM: return tell(named.item, value);
    case USERTAGS_FIELD_INDEX: return tell(named.index, value);
    case USERTAGS_FIELD_FIRST_INDEX: return tell(named.first_index, value);
    case USERTAGS_FIELD_LIMIT: return tell(named.limit, value);
    case USERTAGS_FIELD_FOUND: return tell(named.found, value);
    case USERTAGS_FIELD_POSITION: return tell(named.position, value);
    case USERTAGS_FIELD_CHARACTER:
      if (!named.character) return false;
      return tell(std::optional(static_cast<unsigned char>(*named.character)), value);
    default: return false;
  }
}
