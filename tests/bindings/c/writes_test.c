// Writes: one at a time, and many.
#include "check.h"

void test_writes(void) {
  usertags_store* store = new_store();
  const usertags_tag tags[] = {{of("tier"), of("trial")}, {of("empty"), {NULL, 0}}, {of("dept"), of("r\0d")}};
  usertags_applied* applied = NULL;
  MUST(usertags_create_user(store, of("ada"), tags, 3, NULL, &applied));
  CHECK(usertags_applied_changed(applied) && !usertags_applied_replayed(applied));
  CHECK(usertags_applied_revision(applied) == 1);
  const usertags_user* user = usertags_applied_user(applied);
  CHECK(is(usertags_user_external_id(user), "ada"));
  CHECK(usertags_user_id(user).size == 31 && usertags_user_revision(user) == 1);
  CHECK(usertags_user_tag_count(user) == 3);
  CHECK(is(usertags_user_tag(user, 0).key, "dept") && is(usertags_user_tag(user, 0).value, "r"));
  CHECK(is(usertags_user_tag(user, 1).key, "empty") && is(usertags_user_tag(user, 1).value, ""));
  CHECK(is(usertags_user_tag(user, 2).key, "tier") && is(usertags_user_tag(user, 3).key, NULL));
  CHECK(is(usertags_user_value(user, of("tier")), "trial"));
  CHECK(is(usertags_user_value(user, of("empty")), "") && is(usertags_user_value(user, of("none")), NULL));
  usertags_applied_free(applied);

  // Each operation, with its guards.
  const usertags_text trial = of("trial");
  usertags_batch* batch = NULL;
  MUST(usertags_batch_new(&batch));
  MUST(usertags_batch_create(batch, of("new"), of("1")));
  MUST(usertags_batch_update(batch, of("tier"), of("gold"), &trial));
  MUST(usertags_batch_set(batch, of("seen"), of("2026"), NULL));
  MUST(usertags_batch_erase(batch, of("empty"), true, NULL));
  MUST(usertags_batch_erase(batch, of("absent"), false, NULL));
  MUST(usertags_plan(store, of("ada"), batch, NULL, &applied));
  CHECK(usertags_applied_revision(applied) == 2 &&
        is(usertags_user_value(usertags_applied_user(applied), of("new")), "1"));
  usertags_applied_free(applied);

  usertags_write_options* options = NULL;
  MUST(usertags_write_options_new(&options));
  MUST(usertags_write_options_set_token(options, of("t-1")));
  MUST(usertags_write_options_set_note(options, of("a test")));
  MUST(usertags_write_options_set_expected_revision(options, 1));
  MUST(usertags_write_options_set_timeout_ms(options, 600000));
  MUST(usertags_apply(store, of("ada"), batch, options, &applied));
  CHECK(usertags_applied_revision(applied) == 2 &&
        usertags_user_tag_count(usertags_applied_user(applied)) == 4);
  usertags_applied_free(applied);
  MUST(usertags_apply(store, of("ada"), batch, options, &applied));
  CHECK(usertags_applied_replayed(applied) && usertags_applied_changed(applied));
  usertags_applied_free(applied);
  FAILS(USERTAGS_TOKEN_REUSED, usertags_delete_user(store, of("ada"), options, NULL));
  usertags_write_options_free(options);

  const usertags_text wrong = of("wrong");
  usertags_batch_clear(batch);
  CHECK(usertags_batch_size(batch) == 0);
  MUST(usertags_batch_set(batch, of("tier"), of("x"), &wrong));
  MUST(usertags_batch_erase(batch, of("seen"), false, &wrong));
  usertags_error* error = usertags_apply(store, of("ada"), batch, NULL, NULL);
  CHECK(usertags_error_violation_count(error) == 2);
  CHECK(usertags_violation_reason(usertags_error_violation(error, 1)) == USERTAGS_REASON_VALUE_MISMATCH);
  usertags_error_free(error);
  usertags_batch_free(batch);

  MUST(usertags_write_options_new(&options));
  MUST(usertags_write_options_set_timeout_ms(options, 0));
  batch = set("tier", "late");
  FAILS(USERTAGS_TIMEOUT, usertags_apply(store, of("ada"), batch, options, NULL));
  MUST(usertags_write_options_set_timeout_ms(options, INT64_MAX));
  MUST(usertags_apply(store, of("ada"), batch, options, NULL));
  usertags_batch_free(batch);
  usertags_write_options_free(options);

  // Who is there stays as it is; who is not is created.
  MUST(usertags_ensure_user(store, of("ada"), tags, 3, NULL, &applied));
  CHECK(!usertags_applied_changed(applied) && usertags_applied_revision(applied) == 3);
  CHECK(is(usertags_user_value(usertags_applied_user(applied), of("tier")), "late"));
  usertags_applied_free(applied);

  MUST(usertags_delete_user(store, of("ada"), NULL, &applied));
  CHECK(usertags_applied_user(applied) == NULL && usertags_applied_revision(applied) == 4);
  usertags_applied_free(applied);
  FAILS(USERTAGS_USER_NOT_FOUND, usertags_delete_user(store, of("ada"), NULL, NULL));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_create_user(store, of(""), NULL, 0, NULL, NULL));
  usertags_store_free(store);
}

void test_many_writes(void) {
  usertags_store* store = new_store();
  create(store, "ada", "tier", "trial");
  const usertags_tag tag = {of("tier"), of("gold")};
  usertags_batch* batch = set("tier", "silver");
  usertags_writes* writes = NULL;
  usertags_outcomes* outcomes = NULL;
  MUST(usertags_writes_new(&writes));
  MUST(usertags_writes_add_creation(writes, of("bob"), &tag, 1, NULL));
  MUST(usertags_writes_add_patch(writes, of("nobody"), batch, NULL));
  MUST(usertags_writes_add_patch(writes, of("ada"), batch, NULL));
  usertags_batch_free(batch);   // it was copied
  CHECK(usertags_writes_size(writes) == 3);

  // All or none.
  int64_t item = -1;
  usertags_error* error = usertags_apply_all(store, writes, &outcomes);
  CHECK(usertags_error_code(error) == USERTAGS_USER_NOT_FOUND && outcomes == NULL);
  CHECK(usertags_error_number(error, USERTAGS_FIELD_ITEM, &item) && item == 1);
  usertags_error_free(error);

  // So do violations, of the write that was refused.
  usertags_writes* refused = NULL;
  MUST(usertags_writes_new(&refused));
  MUST(usertags_writes_add_creation(refused, of("cyd"), NULL, 0, NULL));
  MUST(usertags_writes_add_creation(refused, of("dan"), (usertags_tag[]){{of("a#b"), of("")}}, 1, NULL));
  error = usertags_apply_all(store, refused, NULL);
  CHECK(usertags_error_code(error) == USERTAGS_BATCH_REFUSED);
  item = -1;
  CHECK(usertags_violation_number(usertags_error_violation(error, 0), USERTAGS_FIELD_ITEM, &item) &&
        item == 1);
  CHECK(!usertags_violation_number(usertags_error_violation(error, 0), 999, &item));
  usertags_error_free(error);
  usertags_writes_free(refused);

  // Each for itself.
  MUST(usertags_apply_each(store, writes, &outcomes));
  CHECK(usertags_outcomes_size(outcomes) == 3);
  CHECK(usertags_outcomes_error(outcomes, 0) == NULL && usertags_outcomes_error(outcomes, 3) == NULL);
  CHECK(usertags_outcomes_applied(outcomes, 1) == NULL && usertags_outcomes_applied(outcomes, 3) == NULL);
  CHECK(usertags_error_code(usertags_outcomes_error(outcomes, 1)) == USERTAGS_USER_NOT_FOUND);
  CHECK(usertags_error_message(usertags_outcomes_error(outcomes, 1)).size != 0);
  const usertags_user* ada = usertags_applied_user(usertags_outcomes_applied(outcomes, 2));
  CHECK(is(usertags_user_value(ada, of("tier")), "silver"));
  usertags_outcomes_free(outcomes);

  usertags_writes_clear(writes);
  MUST(usertags_writes_add_deletion(writes, of("ada"), NULL));
  MUST(usertags_writes_add_creation(writes, of("ada"), NULL, 0, NULL));
  MUST(usertags_apply_all(store, writes, &outcomes));
  CHECK(usertags_outcomes_size(outcomes) == 2);
  CHECK(usertags_applied_user(usertags_outcomes_applied(outcomes, 0)) == NULL);
  CHECK(is(usertags_user_external_id(usertags_applied_user(usertags_outcomes_applied(outcomes, 1))), "ada"));
  usertags_outcomes_free(outcomes);
  usertags_writes_clear(writes);
  MUST(usertags_writes_add_ensured(writes, of("ada"), &tag, 1, NULL));
  MUST(usertags_writes_add_ensured(writes, of("cyd"), &tag, 1, NULL));
  MUST(usertags_apply_each(store, writes, &outcomes));
  CHECK(!usertags_applied_changed(usertags_outcomes_applied(outcomes, 0)));
  CHECK(usertags_applied_changed(usertags_outcomes_applied(outcomes, 1)));
  CHECK(is(usertags_user_value(usertags_applied_user(usertags_outcomes_applied(outcomes, 1)), of("tier")),
           "gold"));
  usertags_outcomes_free(outcomes);
  usertags_writes_clear(writes);
  MUST(usertags_apply_each(store, writes, &outcomes));
  CHECK(usertags_outcomes_size(outcomes) == 0);
  usertags_outcomes_free(outcomes);

  // A time of its own for each, from the beginning of each call.
  usertags_write_options* late = NULL;
  MUST(usertags_write_options_new(&late));
  MUST(usertags_write_options_set_timeout_ms(late, 0));
  MUST(usertags_writes_add_deletion(writes, of("ada"), late));
  MUST(usertags_writes_add_deletion(writes, of("bob"), NULL));
  usertags_write_options_free(late);
  MUST(usertags_apply_each(store, writes, &outcomes));
  CHECK(usertags_error_code(usertags_outcomes_error(outcomes, 0)) == USERTAGS_TIMEOUT);
  CHECK(usertags_outcomes_error(outcomes, 1) == NULL);
  usertags_outcomes_free(outcomes);

  usertags_writes_free(writes);
  usertags_store_free(store);
}
