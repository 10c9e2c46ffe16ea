// Cursors: a store takes none but those that it would give, to the letter. An input is tried as it is, and as
// what a cursor holds, with the check that fits it: a page that begins there is answered, behind it and in
// order.
#include <xxhash.h>

#include <optional>
#include <string>

#include <usertags/user_tag_store.hpp>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "model/text.hpp"
#include "store/read/paging.hpp"
#include "support/answers.hpp"

namespace usertags::fuzz {
namespace {

using store::CursorBinding;
using store::CursorKind;

struct Scene {
  UserTagStore store = test::must(UserTagStore::open_in_memory());
  store::StoreId id{};
  std::string user_id;

  Scene() {
    for (int i = 0; i < 9; ++i)
      test::must(store.create_user("u" + std::to_string(i),
                                   {{"k", std::to_string(i)}, {"k" + std::to_string(i), "v"}}));
    test::must(store.delete_user("u4"));
    for (int i = 0; i < 5; ++i) test::must(store.apply("u1", TagBatch().set("n", std::to_string(i))));
    const std::string bytes = model::from_base64url(store.position().text()).value();
    std::copy_n(bytes.begin() + 1, id.size(), id.begin());
    user_id = test::must(store.find("u1")).id();
  }
};

const Scene& scene() {
  static const Scene scene;
  return scene;
}

// Of which the answer is a page, or that the cursor is none.
template <class Page>
bool is_taken(const Result<Page>& page) {
  if (!page) expect_refusal(page.error(), ErrorCode::invalid_cursor, 0);
  return page.has_value();
}

void expect_letters(const CursorBinding& binding, const Cursor& cursor) {
  const auto position = store::decode_text(binding, cursor.text());
  test::expect(!position || store::encode_cursor(binding, *position).text() == cursor.text(),
               "a cursor that is taken", "one that is given", test::in_quotes(cursor.text()));
}

void ask_for_users(const CursorKind kind, const Selector* selector, const Cursor& cursor, bool fits) {
  const CursorBinding binding{scene().id, kind, selector ? store::query_hash({selector->text()}) : 0};
  expect_letters(binding, cursor);
  const auto ordinal = store::decode_ordinal(binding, cursor.text());
  const PageRequest request{.limit = 3, .after = cursor};
  const auto page = selector ? scene().store.select(*selector, request) : scene().store.list(request);
  expect_flag("a cursor of users is taken", ordinal.has_value(), is_taken(page));
  if (fits) test::expect(!ordinal || is_taken(page), "a cursor with its check", "taken", "refused");
  if (!page) return;
  const auto all = test::must(scene().store.list({.limit = 100})).users;
  std::string last;
  for (const User& user : page->users) {
    test::expect(user.id() > last, "the users of a page", "in order", std::string(user.id()));
    last = user.id();
  }
  // Ordinals count from 1, and the fifth user is gone.
  const std::size_t left = 9 - std::min<std::size_t>(*ordinal, 9) - (*ordinal < 5 ? 1 : 0);
  test::expect_number("users of a page", std::min<std::size_t>(left, 3), page->users.size());
}

template <class Page, class Entry>
void expect_facets(const Result<Page>& page, std::vector<Entry> Page::* entries, std::string Entry::* text,
                   const CursorBinding& binding, const Cursor& cursor) {
  expect_letters(binding, cursor);
  const auto position = store::decode_text(binding, cursor.text());
  expect_flag("a cursor of texts is taken", position.has_value(), is_taken(page));
  if (!page) return;
  std::string last = *position;
  for (const auto& entry : (*page).*entries) {
    test::expect(entry.*text > last, "the texts of a page", "behind " + test::in_quotes(last), entry.*text);
    last = entry.*text;
  }
}

void ask_for_history(const Cursor& cursor) {
  expect_letters({scene().id, CursorKind::history, store::query_hash({scene().user_id})}, cursor);
  const auto page = scene().store.history("u1", {.limit = 2, .after = cursor});
  if (!is_taken(page)) return;
  std::uint64_t last = ~std::uint64_t{0};
  for (const Change& change : page->changes) {
    test::expect(change.revision < last, "the changes of a page", "newest first",
                 std::to_string(change.revision));
    last = change.revision;
  }
}

// `fits`: the cursor was made for the question of this kind.
void ask(const Cursor& cursor, std::optional<CursorKind> fits) {
  static const Selector selector = test::must(Selector::parse("k"));
  ask_for_users(CursorKind::list, nullptr, cursor, fits == CursorKind::list);
  ask_for_users(CursorKind::select, &selector, cursor, fits == CursorKind::select);
  expect_facets(scene().store.tag_keys({.limit = 3, .after = cursor}), &KeyPage::keys, &KeyCount::key,
                {scene().id, CursorKind::keys, store::query_hash({""})}, cursor);
  expect_facets(scene().store.tag_values("k", {.limit = 3, .after = cursor}), &ValuePage::values,
                &ValueCount::value, {scene().id, CursorKind::values, store::query_hash({"k", ""})}, cursor);
  ask_for_history(cursor);
}

std::uint64_t query_of(CursorKind kind) {
  switch (kind) {
    case CursorKind::list: return 0;
    case CursorKind::keys: return store::query_hash({""});
    case CursorKind::values: return store::query_hash({"k", ""});
    case CursorKind::select: return store::query_hash({"k"});
    case CursorKind::history: return store::query_hash({scene().user_id});
  }
  return 0;
}

void examine(std::string_view input) {
  ask(Cursor(std::string(input)), std::nullopt);
  for (const CursorKind kind :
       {CursorKind::list, CursorKind::keys, CursorKind::values, CursorKind::select, CursorKind::history}) {
    const CursorBinding binding{scene().id, kind, query_of(kind)};
    ask(store::encode_cursor(binding, input), kind);
  }
}

}   // namespace

const Target cursor{.name = "cursor",
                    .what = "a store takes the cursors that it would give, and answers the page behind them",
                    .examine = examine};

}   // namespace usertags::fuzz
