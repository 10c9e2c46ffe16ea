// Positions: one that is taken is written again to the letter, and a feed answers a page from there on, or
// why it has none. An input is tried as it is, and as what a position holds, with the check that fits it.
#include <xxhash.h>

#include <algorithm>
#include <string>

#include <usertags/user_tag_store.hpp>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "model/bytes.hpp"
#include "model/text.hpp"
#include "support/answers.hpp"

namespace usertags::fuzz {
namespace {

constexpr std::uint64_t kRevision = 6;

const UserTagStore& store() {
  static const UserTagStore store = [] {
    auto made = test::must(UserTagStore::open_in_memory());
    for (std::uint64_t i = 0; i < kRevision; ++i) test::must(made.create_user("u" + std::to_string(i)));
    return made;
  }();
  return store;
}

void expect_page(const Position& position) {
  const auto page = store().changes(position, 3);
  if (!page) {
    const ErrorCode code = page.error().code();
    test::expect(code == ErrorCode::invalid_argument || code == ErrorCode::future_revision,
                 "a position's refusal", "invalid_argument or future_revision", std::string(to_string(code)));
    return expect_message(page.error());
  }
  test::expect_number("changes of a page", std::min<std::uint64_t>(kRevision - position.revision(), 3),
                      page->changes.size());
  std::uint64_t revision = position.revision();
  for (const Change& change : page->changes) test::expect_number("a change", ++revision, change.revision);
}

void examine_text(std::string_view text) {
  const auto position = Position::parse(text);
  if (!position) return expect_refusal(position.error(), ErrorCode::invalid_argument, 0);
  test::expect(position->text() == text, "a position written again", test::in_quotes(text), position->text());
  expect_page(*position);
}

// What the input says about form, store, epoch and revision; what it does not reach is as the store has it.
std::string forged(std::string_view input) {
  std::string bytes = model::from_base64url(store().position().text()).value();
  bytes.resize(bytes.size() - sizeof(std::uint64_t));
  std::copy_n(input.rbegin(), std::min(input.size(), bytes.size()), bytes.rbegin());
  model::append_number(std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())}, bytes);
  return model::to_base64url(bytes);
}

void examine(std::string_view input) {
  examine_text(input);
  examine_text(forged(input));
}

}   // namespace

const Target position{.name = "position",
                      .what = "a position that is taken is written again to the letter, and leads to a page",
                      .examine = examine};

}   // namespace usertags::fuzz
