// Pages: keyset cursors, never offsets, so that a page costs the same wherever it stands.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user.hpp>

namespace usertags {

// Where the next page starts. Opaque text, bound to the store and the question it came from; anything else
// is answered with invalid_cursor. It stays good while others write, and over reopening.
class Cursor {
 public:
  explicit Cursor(std::string text) noexcept : text_(std::move(text)) {}
  const std::string& text() const noexcept { return text_; }
  bool operator==(const Cursor&) const = default;

 private:
  std::string text_;
};

struct PageRequest {
  std::size_t limit = 100;         // 1 to 10,000
  std::optional<Cursor> after{};   // none: from the start
  // A question that is not answered by then is given up, and answered with `timeout`.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
};

// What questions without pages can carry.
struct AskOptions {
  std::optional<std::chrono::steady_clock::time_point> deadline{};   // as in PageRequest
};

// Users in the order of their creation, as they were at one moment.
struct UserPage {
  std::vector<User> users;
  std::optional<Cursor> next;   // none: this was the last page
  std::uint64_t revision = 0;   // the store's, at which the page was read
};

// How many users match.
struct Count {
  std::uint64_t count = 0;
  std::uint64_t revision = 0;   // the store's, at which they were counted
};

// How far for_each came.
struct Visited {
  std::uint64_t users = 0;      // for whom the function was called
  std::uint64_t revision = 0;   // the store's, at which the last of them were read
};

}   // namespace usertags
