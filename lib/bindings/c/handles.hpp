// What the opaque handles of usertags.h are, and the boundary: here what was thrown, or answered as an Error,
// becomes a usertags_error, and nothing is thrown beyond.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/usertags.h>
#include <usertags/user_tag_store.hpp>

namespace usertags::c {

// What is made when somebody first asks for it, on whichever thread; nothing, where memory is missing.
template <class T>
class OnDemand {
 public:
  OnDemand() noexcept = default;
  OnDemand(OnDemand&& other) noexcept : made_(other.made_.exchange(nullptr)) {}
  OnDemand& operator=(OnDemand&&) = delete;
  ~OnDemand() { delete made_.load(std::memory_order_relaxed); }

  template <class Make>
  const T* get(Make&& make) const noexcept {
    if (const T* made = made_.load(std::memory_order_acquire)) return made;
    try {
      auto fresh = std::make_unique<const T>(make());
      const T* first = nullptr;
      return made_.compare_exchange_strong(first, fresh.get(), std::memory_order_acq_rel) ? fresh.release()
                                                                                          : first;
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

 private:
  mutable std::atomic<const T*> made_{nullptr};
};

}   // namespace usertags::c

struct usertags_error {
  usertags::Error error;
  bool is_static = false;
  usertags::c::OnDemand<std::string> message{};
  usertags::c::OnDemand<std::string> what{};
};

struct usertags_settings {
  usertags::StoredSettings settings;
};

struct usertags_options {
  usertags::Options options;
};

struct usertags_store {
  usertags::UserTagStore store;
};

struct usertags_user {
  explicit usertags_user(usertags::User&& given) noexcept : user(std::move(given)), id(user.id()) {}

  usertags::User user;
  usertags::UserId id;
  usertags::c::OnDemand<std::vector<usertags_tag>> tags{};   // for those who ask by index
};

struct usertags_write_options {
  usertags::ApplyOptions options;   // without a deadline: that is told from the beginning of the call
  std::optional<std::chrono::milliseconds> timeout{};
};

struct usertags_batch {
  usertags::TagBatch batch;
};

struct usertags_applied {
  usertags_applied() noexcept = default;
  explicit usertags_applied(usertags::Applied&& given) noexcept { take(std::move(given)); }

  void take(usertags::Applied&& given) noexcept {
    if (given.user) user.emplace(std::move(*given.user));
    revision = given.revision;
    changed = given.changed;
    replayed = given.replayed;
  }

  std::optional<usertags_user> user{};
  std::uint64_t revision = 0;
  bool changed = false;
  bool replayed = false;
};

struct usertags_writes {
  std::vector<usertags::Write> writes;
  std::vector<std::optional<std::chrono::milliseconds>> timeouts;   // of each
};

struct usertags_outcomes {
  struct Outcome {
    explicit Outcome(usertags::Applied&& given) noexcept : applied(std::in_place, std::move(given)) {}
    explicit Outcome(const usertags::Error& given) noexcept : error(std::in_place, given) {}

    std::optional<usertags_applied> applied{};
    std::optional<usertags_error> error{};
  };
  std::vector<Outcome> outcomes;
};

struct usertags_read_options {
  std::size_t limit = 100;
  std::optional<usertags::Cursor> after{};
  std::string prefix{};
  bool by_users = false;
  std::optional<std::chrono::milliseconds> timeout{};
};

struct usertags_user_page {
  std::vector<usertags_user> users;
  std::optional<usertags::Cursor> next;
  std::uint64_t revision = 0;
};

struct usertags_facet_page {
  struct Facet {
    std::string text;
    std::uint64_t users = 0;
  };
  std::vector<Facet> facets;
  std::optional<usertags::Cursor> next;
  std::uint64_t revision = 0;
};

struct usertags_change_page {
  std::vector<usertags::Change> changes;
  std::optional<std::string> next;
  bool epoch_changed = false;
  std::uint64_t floor = 0;
};

struct usertags_report {
  usertags::VerifyReport report;
};

struct usertags_metrics {
  std::string text;
};

namespace usertags::c {

// A mistake in the call, before the store sees it.
struct Refusal {
  Error error;
};

[[noreturn]] inline void refuse(std::string what) {
  throw Refusal{Error(ErrorCode::invalid_argument, std::move(what))};
}

// The error as a handle; without memory for one, the error of its code that is always there.
usertags_error* handle_of(const Error& error) noexcept;

// What every call does: `call()` answers a Result<void>, or throws.
template <class Call>
usertags_error* answered(Call&& call) noexcept {
  try {
    const Result<void> done = call();
    return done ? nullptr : handle_of(done.error());
  } catch (const Refusal& refusal) {
    return handle_of(refusal.error);
  } catch (const std::bad_alloc&) {
    return handle_of(ErrorCode::out_of_memory);
  } catch (const std::length_error&) {   // a text longer than any memory
    return handle_of(ErrorCode::out_of_memory);
  }
}

// As it is asked for a call: what is there.
template <class T>
T& given(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(std::string(name) + " is NULL");
  return *pointer;
}

inline std::string_view view_of(usertags_text text, const char* name) {
  if (text.data == nullptr && text.size != 0) refuse(std::string(name) + " has a length and no text");
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

inline usertags_text text_of(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

constexpr usertags_text kAbsent = {nullptr, 0};

inline usertags_text text_of(const std::optional<std::string>& text) noexcept {
  return text ? text_of(std::string_view(*text)) : kAbsent;
}

// Nobody waits longer than a year, so that the clock's end is never reached. What is negative has passed.
std::optional<std::chrono::steady_clock::time_point> deadline_of(
    const std::optional<std::chrono::milliseconds>& timeout) noexcept;

// What was given for a write, without a deadline; and for one whose call begins now.
ApplyOptions options_of(const usertags_write_options* options);
ApplyOptions options_from_now(const usertags_write_options* options);
TagList tags_of(const usertags_tag* tags, std::size_t count);

}   // namespace usertags::c
