// What a store shows, compared with what the reference holds. Each function throws Disagreement where the two
// part, which fails a GoogleTest, makes RapidCheck shrink, and is caught by a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

struct Disagreement : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void disagree(const std::string& what, const std::string& expected, const std::string& found);

inline void expect(bool holds, const std::string& what, const std::string& expected,
                   const std::string& found) {
  if (!holds) disagree(what, expected, found);
}

template <class Expected, class Found>
void expect_number(const std::string& what, Expected expected, Found found) {
  expect(std::cmp_equal(expected, found), what, std::to_string(expected), std::to_string(found));
}

// One user, in every way that a User can be looked at.
void expect_shows(const std::string& what, const User& user, const ReferenceUser& meant,
                  const std::string& id);

// The answer of find: the user that is meant, or user_not_found where that is null.
void expect_found(const std::string& what, const Result<User>& found, const ReferenceUser* meant,
                  const ReferenceStore& reference);

// The page of `limit` users after the one with the ordinal `after`, of those whom the selector matches.
// Answers the last user's ordinal.
std::optional<std::size_t> expect_page(const Result<UserPage>& page, std::size_t limit,
                                       std::optional<std::size_t> after, const ReferenceStore& reference,
                                       const Selector& selector = {});

// The number of users whom the selector matches, and they themselves, one after the other.
void expect_counted(const UserTagStore& store, const Selector& selector, const ReferenceStore& reference);

// Keys and values with the number of their users: in pages of `limit`, and those with the most users.
void expect_facets(const UserTagStore& store, std::size_t limit, const ReferenceStore& reference);
// Those that begin with the prefix.
void expect_keys(const UserTagStore& store, const std::string& prefix, std::size_t limit,
                 const ReferenceStore& reference);
void expect_values(const UserTagStore& store, const std::string& key, const std::string& prefix,
                   std::size_t limit, const ReferenceStore& reference);

// All that reads show: every user by every name, those that are gone, the pages, keys and values, the
// revision.
void expect_equal(const UserTagStore& store, const ReferenceStore& reference);

// The figures of the data.
void expect_figures(const Stats& stats, const ReferenceStore& reference);

// The figures of the log: what has to be kept is there, but for what was gone before these settings held.
void expect_log_figures(const Stats& stats, const History& history, std::uint64_t known_floor);

// The views `user_now` and `user_tag`, as a stock connection reads them.
void expect_views_equal(const std::filesystem::path& path, const ReferenceStore& reference);

}   // namespace usertags::test
