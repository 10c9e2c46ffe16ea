// Reading JSON of a known shape. What does not have the shape is refused while it is parsed: another kind of
// value, a member that is unknown, missing, or repeated. So whoever asked can take the value apart without
// looking back, and the error names the member and the byte at which it was noticed.
#pragma once

#include <boost/json/value.hpp>
#include <span>
#include <string_view>

#include <usertags/error.hpp>

namespace usertags::command {

struct Shape;

struct Member {
  std::string_view name;
  const Shape* shape;
  bool required = false;
};

// A value may be of any of the kinds that are named here.
struct Shape {
  bool text = false;
  bool whole = false;   // a number without sign and fraction, kept as std::uint64_t
  bool flag = false;
  const Shape* element = nullptr;      // an array of these
  std::span<const Member> members{};   // an object of these members, at most 64
  const Shape* any_member = nullptr;   // an object with members of any name
};

// Bytes that are no UTF-8 are let through: the store judges them, and says where they are.
// Error: invalid_argument, with its position in bytes from the start.
Result<boost::json::value> parse_json(std::string_view text, const Shape& shape);

}   // namespace usertags::command
