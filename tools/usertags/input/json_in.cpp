// A handler for Boost.JSON's event parser, since the parser that makes values silently keeps the last of two
// equal members. It holds a frame for each array and object that is open, and hands what it has accepted to
// Boost's own value_stack.
#include "input/json_in.hpp"

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "output/text.hpp"

namespace usertags::command {

namespace {

namespace json = boost::json;
using json::error_code;

enum class Kind : std::uint8_t { text, whole, number, flag, null, array, object };

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::text: return "a string";
    case Kind::whole: return "a whole number";
    case Kind::number: return "a number that is negative, fractional or too large";
    case Kind::flag: return "true or false";
    case Kind::null: return "null";
    case Kind::array: return "an array";
    case Kind::object: return "an object";
  }
  return {};
}

bool is_object(const Shape& shape) {
  return !shape.members.empty() || shape.any_member != nullptr;
}

bool allows(const Shape& shape, Kind kind) {
  switch (kind) {
    case Kind::text: return shape.text;
    case Kind::whole: return shape.whole;
    case Kind::flag: return shape.flag;
    case Kind::array: return shape.element != nullptr;
    case Kind::object: return is_object(shape);
    case Kind::number:
    case Kind::null: break;
  }
  return false;
}

std::string kinds_of(const Shape& shape) {
  std::string kinds;
  for (const Kind kind : {Kind::text, Kind::whole, Kind::flag, Kind::array, Kind::object}) {
    if (!allows(shape, kind)) continue;
    if (!kinds.empty()) kinds += " or ";
    kinds += name_of(kind);
  }
  return kinds;
}

class Handler {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  explicit Handler(const Shape& shape) : root_(&shape) {}

  // Why parsing was stopped; empty where the text is not even JSON.
  const std::string& problem() const { return problem_; }
  json::value release() { return values_.release(); }

  bool on_document_begin(error_code&) {
    values_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }

  bool on_array_begin(error_code& error) { return open(Kind::array, error); }
  bool on_array_end(std::size_t size, error_code&) {
    frames_.pop_back();
    values_.push_array(size);
    return true;
  }

  bool on_object_begin(error_code& error) { return open(Kind::object, error); }
  bool on_object_end(std::size_t size, error_code& error) {
    if (!has_required_members(error)) return false;
    frames_.pop_back();
    values_.push_object(size);
    return true;
  }

  bool on_key_part(json::string_view text, std::size_t, error_code&) {
    key_ += text;
    return true;
  }
  bool on_key(json::string_view text, std::size_t, error_code& error) {
    key_ += text;
    Frame& frame = frames_.back();
    frame.name = std::exchange(key_, {});
    if (!enter_member(frame, error)) return false;
    values_.push_key(frame.name);
    return true;
  }

  bool on_string_part(json::string_view text, std::size_t, error_code&) {
    values_.push_chars(text);
    return true;
  }
  bool on_string(json::string_view text, std::size_t, error_code& error) {
    if (!accept(Kind::text, error)) return false;
    values_.push_string(text);
    return true;
  }

  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view text, error_code& error) {
    if (number < 0) return accept(Kind::number, error);
    return on_uint64(static_cast<std::uint64_t>(number), text, error);
  }
  bool on_uint64(std::uint64_t number, json::string_view, error_code& error) {
    if (!accept(Kind::whole, error)) return false;
    values_.push_uint64(number);
    return true;
  }
  bool on_double(double, json::string_view, error_code& error) { return accept(Kind::number, error); }
  bool on_bool(bool flag, error_code& error) {
    if (!accept(Kind::flag, error)) return false;
    values_.push_bool(flag);
    return true;
  }
  bool on_null(error_code& error) { return accept(Kind::null, error); }

  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  struct Frame {
    const Shape* shape;
    bool is_array;
    std::size_t count = 0;                     // of an array: elements begun
    std::string name{};                        // of an object: the member that is read
    const Shape* member = nullptr;             // its shape
    std::uint64_t seen = 0;                    // which of the shape's members came, as bits
    std::unordered_set<std::string> names{};   // which members came, where any may
  };

  // The shape of the value that begins here.
  const Shape& expected() const {
    if (frames_.empty()) return *root_;
    const Frame& frame = frames_.back();
    return frame.is_array ? *frame.shape->element : *frame.member;
  }

  bool accept(Kind kind, error_code& error) {
    if (!frames_.empty() && frames_.back().is_array) ++frames_.back().count;
    if (allows(expected(), kind)) return true;
    return refuse(fmt::format("{} is {}, not {}", path(), name_of(kind), kinds_of(expected())), error);
  }

  bool open(Kind kind, error_code& error) {
    if (!accept(kind, error)) return false;
    frames_.push_back({.shape = &expected(), .is_array = kind == Kind::array});
    return true;
  }

  bool enter_member(Frame& frame, error_code& error) {
    if (frame.shape->any_member != nullptr) return enter_any_member(frame, error);
    const auto members = frame.shape->members;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].name != frame.name) continue;
      const std::uint64_t bit = std::uint64_t{1} << i;
      frame.member = members[i].shape;
      if ((std::exchange(frame.seen, frame.seen | bit) & bit) == 0) return true;
      return refuse(fmt::format("the member {} is repeated", path()), error);
    }
    return refuse(fmt::format("there is no member {}", path()), error);
  }

  bool enter_any_member(Frame& frame, error_code& error) {
    frame.member = frame.shape->any_member;
    if (frame.names.insert(frame.name).second) return true;
    return refuse(fmt::format("the member {} is repeated", path()), error);
  }

  bool has_required_members(error_code& error) {
    Frame& frame = frames_.back();
    for (std::size_t i = 0; i < frame.shape->members.size(); ++i) {
      const Member& member = frame.shape->members[i];
      if (!member.required || (frame.seen >> i & 1) != 0) continue;
      frame.name = member.name;
      return refuse(fmt::format("the member {} is missing", path()), error);
    }
    return true;
  }

  // Where the parser stands, such as tags.set[2].key.
  std::string path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.is_array) {
        if (frame.count != 0) path += fmt::format("[{}]", frame.count - 1);
      } else {
        if (!path.empty()) path += '.';
        path += printable_word(frame.name);
      }
    }
    return path.empty() ? "the value" : path;
  }

  bool refuse(std::string problem, error_code& error) {
    problem_ = std::move(problem);
    error = json::error::syntax;   // any will do: problem_ says what it is
    return false;
  }

  const Shape* root_;
  std::vector<Frame> frames_;
  std::string key_;
  std::string problem_;
  json::value_stack values_;
};

Error refusal(std::string what, std::size_t position) {
  Error::Details details;
  details.what = fmt::format("{} (at byte {})", what, position);
  details.position = position;
  return Error(ErrorCode::invalid_argument, std::move(details));
}

}   // namespace

Result<json::value> parse_json(std::string_view text, const Shape& shape) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::basic_parser<Handler> parser(options, shape);
  error_code error;
  const std::size_t parsed = parser.write_some(false, text.data(), text.size(), error);
  const std::string& problem = parser.handler().problem();
  if (!problem.empty()) return std::unexpected(refusal(problem, parsed));
  if (error) return std::unexpected(refusal("this is not JSON: " + error.message(), parsed));
  if (parsed != text.size()) return std::unexpected(refusal("there is more after the JSON value", parsed));
  return parser.handler().release();
}

}   // namespace usertags::command
