// The feed, the history of a user, and followers.
#include "check.h"

void test_changes(void) {
  usertags_store* store = new_store();
  usertags_position start;
  usertags_position position;
  uint64_t revision = 99;
  uint64_t epoch = 0;
  MUST(usertags_revision(store, &revision));
  CHECK(revision == 0);   // of a new store
  MUST(usertags_get_position(store, &start));
  CHECK(strlen(start.text) == 55);
  create(store, "ada", "tier", "trial");
  patch(store, "ada", "tier", "gold");
  patch(store, "ada", "seen", "");
  usertags_write_options* options = NULL;
  MUST(usertags_write_options_new(&options));
  MUST(usertags_write_options_set_note(options, of("she asked")));
  MUST(usertags_delete_user(store, of("ada"), options, NULL));
  usertags_write_options_free(options);
  MUST(usertags_get_position(store, &position));
  MUST(usertags_position_parse(of(position.text), &revision, &epoch));
  CHECK(revision == 4 && epoch > 0);
  MUST(usertags_position_parse(of(""), &revision, NULL));
  CHECK(revision == 0);
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_position_parse(of("nonsense"), NULL, NULL));

  usertags_change_page* page = NULL;
  MUST(usertags_changes(store, of(start.text), 10, &page));
  CHECK(usertags_change_page_size(page) == 4 && !usertags_change_page_epoch_changed(page));
  CHECK(is(usertags_change_page_next(page), position.text));
  CHECK(usertags_change_page_at(page, 4) == NULL);
  const usertags_change* change = usertags_change_page_at(page, 0);
  CHECK(usertags_change_kind(change) == USERTAGS_CHANGE_CREATED && usertags_change_revision(change) == 1);
  CHECK(usertags_change_transaction(change) == 1 && usertags_change_at_ms(change) > 0);
  CHECK(is(usertags_change_external_id(change), "ada") && usertags_change_user_id(change).size == 31);
  CHECK(is(usertags_change_note(change), "") && usertags_change_before_known(change));
  usertags_tag_change tag = usertags_change_tag(change, 0);
  CHECK(is(tag.key, "tier") && is(tag.value, "trial") && is(tag.before, NULL));
  CHECK(is(usertags_change_tag(change, 1).key, NULL));
  tag = usertags_change_tag(usertags_change_page_at(page, 1), 0);
  CHECK(is(tag.value, "gold") && is(tag.before, "trial"));
  tag = usertags_change_tag(usertags_change_page_at(page, 2), 0);
  CHECK(is(tag.value, "") && is(tag.before, NULL));   // an empty text is not an absent one
  change = usertags_change_page_at(page, 3);
  CHECK(usertags_change_kind(change) == USERTAGS_CHANGE_DELETED && usertags_change_tag_count(change) == 2);
  CHECK(is(usertags_change_note(change), "she asked"));
  CHECK(is(usertags_change_tag(change, 1).value, NULL) && is(usertags_change_tag(change, 1).before, "gold"));

  // The history of a deleted user, by id, page by page.
  usertags_read_options* reading = NULL;
  usertags_change_page* history = NULL;
  MUST(usertags_read_options_new(&reading));
  MUST(usertags_read_options_set_limit(reading, 3));
  MUST(usertags_history(store, usertags_change_user_id(change), reading, &history));
  CHECK(usertags_change_page_size(history) == 3 && usertags_change_page_floor(history) == 1);
  CHECK(usertags_change_revision(usertags_change_page_at(history, 0)) == 4);
  MUST(usertags_read_options_set_after(reading, usertags_change_page_next(history)));
  usertags_change_page_free(history);
  MUST(usertags_history(store, usertags_change_user_id(change), reading, &history));
  CHECK(usertags_change_page_size(history) == 1 && is(usertags_change_page_next(history), NULL));
  usertags_change_page_free(history);
  usertags_read_options_free(reading);
  usertags_change_page_free(page);

  MUST(usertags_changes(store, of(position.text), 10, &page));
  CHECK(usertags_change_page_size(page) == 0 && is(usertags_change_page_next(page), position.text));
  usertags_change_page_free(page);
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_changes(store, of(""), 0, &page));
  MUST(usertags_wait_for_changes(store, of(start.text), 0, &revision));
  CHECK(revision == 4);
  FAILS(USERTAGS_TIMEOUT, usertags_wait_for_changes(store, of(position.text), 0, NULL));
  usertags_store_free(store);
}

void test_followers(void) {
  usertags_store* writer = NULL;
  usertags_store* follower = NULL;
  usertags_options* options = NULL;
  usertags_user* user = NULL;
  uint64_t revision = 0;
  MUST(usertags_open(of("followed.db"), NULL, &writer));
  create(writer, "ada", NULL, NULL);
  MUST(usertags_options_new(&options));
  MUST(usertags_options_set(options, USERTAGS_OPTION_ACCESS, USERTAGS_ACCESS_READ_ONLY));
  MUST(usertags_open(of("followed.db"), options, &follower));
  usertags_options_free(options);

  create(writer, "bob", NULL, NULL);
  FAILS(USERTAGS_USER_NOT_FOUND, usertags_find(follower, of("bob"), &user));
  MUST(usertags_refresh(follower, &revision));
  CHECK(revision == 2);
  MUST(usertags_find(follower, of("bob"), &user));
  usertags_user_free(user);
  create(writer, "cyd", NULL, NULL);
  MUST(usertags_read_at_least(follower, 3, 60000, &revision));
  CHECK(revision == 3);
  int64_t current = 0;
  usertags_error* error = usertags_read_at_least(follower, 4, 0, NULL);
  CHECK(usertags_error_code(error) == USERTAGS_TIMEOUT);
  CHECK(usertags_error_number(error, USERTAGS_FIELD_CURRENT_REVISION, &current) && current == 3);
  usertags_error_free(error);
  usertags_store_free(follower);
  usertags_store_free(writer);
}
