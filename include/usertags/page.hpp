// Pages: keyset cursors, never offsets, so that a page costs the same wherever it stands.
//
//   usertags::PageRequest request{.limit = 1'000};
//   do {
//     auto page = store.list(request);
//     if (!page) return report(page.error());
//     for (const usertags::User& user : page->users) show(user.external_id());
//     request.after = page->next;
//   } while (request.after);
//
// Plain values: they own all that they hold, and outlive the store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/export.hpp>
#include <usertags/user.hpp>

namespace usertags {

// Where the next page starts: opaque text, bound to the store and the question that it came from. Another
// store or question answers invalid_cursor, and so does a text that was changed. A cursor stays good while
// others write, and over reopening. It is checked, but not protected against forgery.
class Cursor {
 public:
  // What text() was. Nothing is checked before a call takes it.
  explicit Cursor(std::string text) noexcept : text_(std::move(text)) {}
  // To keep.
  const std::string& text() const noexcept USERTAGS_LIFETIMEBOUND { return text_; }
  bool operator==(const Cursor&) const = default;

 private:
  std::string text_;
};

// Which page is asked for.
struct PageRequest {
  std::size_t limit = 100;         // 1 to 10,000
  std::optional<Cursor> after{};   // none: from the start
  // A call that has no answer by then gives up with `timeout`.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
};

// For questions without pages.
struct AskOptions {
  std::optional<std::chrono::steady_clock::time_point> deadline{};   // as in PageRequest
};

// Users in the order of their creation, as they were at one moment.
struct UserPage {
  std::vector<User> users;      // at most `limit`
  std::optional<Cursor> next;   // none: this was the last page
  std::uint64_t revision = 0;   // the store's, at which the page was read
};

// How many users match.
struct Count {
  std::uint64_t count = 0;      // users
  std::uint64_t revision = 0;   // the store's, at which they were counted
};

// How far for_each came.
struct Visited {
  std::uint64_t users = 0;      // for whom the function was called
  std::uint64_t revision = 0;   // the store's, at which the last of them were read
};

}   // namespace usertags
