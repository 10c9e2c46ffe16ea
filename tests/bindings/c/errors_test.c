// Errors, and all that they name; and what NULL is answered with.
#include "check.h"

static void test_codes(void) {
  CHECK(is(usertags_code_name(USERTAGS_OK), "ok"));
  CHECK(is(usertags_code_name(USERTAGS_BATCH_REFUSED), "batch_refused"));
  CHECK(is(usertags_code_name(USERTAGS_CLUSTER_MEMBER), "cluster_member"));
  CHECK(is(usertags_code_name(USERTAGS_CLUSTER_MEMBER + 1), "unknown"));
  CHECK(is(usertags_code_name(-1), "unknown"));
  for (int32_t code = USERTAGS_OK; code <= USERTAGS_CLUSTER_MEMBER; ++code) {
    CHECK(!is(usertags_code_name(code), "unknown"));
  }
  for (int32_t reason = 1; reason <= USERTAGS_REASON_TOO_MANY_OPERATIONS; ++reason) {
    CHECK(!is(usertags_reason_name(reason), "unknown"));
  }
  CHECK(is(usertags_operation_name(USERTAGS_OPERATION_ERASE), "delete"));
  CHECK(is(usertags_operation_name(0), "unknown"));
  CHECK(is(usertags_subject_name(USERTAGS_SUBJECT_VALUE), "value"));
  CHECK(is(usertags_change_kind_name(USERTAGS_CHANGE_DELETED), "deleted"));
  CHECK(is(usertags_problem_kind_name(USERTAGS_PROBLEM_TAG_INDEX), "tag_index"));
  CHECK(is(usertags_problem_kind_name(USERTAGS_PROBLEM_EXTERNAL_ID_HASH), "external_id_hash"));
}

static void test_violations(usertags_store* store) {
  const usertags_text gold = {"gold", 4};
  usertags_batch* batch = NULL;
  MUST(usertags_batch_new(&batch));
  MUST(usertags_batch_create(batch, of("tier"), of("gold")));
  MUST(usertags_batch_set(batch, of("a#b"), of(""), NULL));
  MUST(usertags_batch_update(batch, of("tier"), of("x"), &gold));
  MUST(usertags_batch_erase(batch, of("absent"), true, NULL));
  CHECK(usertags_batch_size(batch) == 4);
  usertags_error* error = usertags_apply(store, of("ada"), batch, NULL, NULL);
  CHECK(usertags_error_code(error) == USERTAGS_BATCH_REFUSED);
  const size_t count = usertags_error_violation_count(error);
  CHECK(count == 4);
  CHECK(usertags_error_violation(error, count) == NULL);

  const usertags_violation* exists = usertags_error_violation(error, 0);
  int64_t number = -1;
  CHECK(usertags_violation_reason(exists) == USERTAGS_REASON_KEY_EXISTS);
  CHECK(usertags_violation_subject(exists) == USERTAGS_SUBJECT_KEY);
  CHECK(usertags_violation_operation(exists) == USERTAGS_OPERATION_CREATE);
  CHECK(usertags_violation_first_operation(exists) == 0);
  CHECK(is(usertags_violation_key(exists), "tier"));
  CHECK(is(usertags_violation_current(exists), "trial"));
  CHECK(usertags_violation_number(exists, USERTAGS_FIELD_INDEX, &number) && number == 0);
  CHECK(!usertags_violation_number(exists, USERTAGS_FIELD_ITEM, &number));
  CHECK(!usertags_violation_number(exists, USERTAGS_FIELD_FLOOR, &number));

  const usertags_violation* forbidden = usertags_error_violation(error, 1);
  CHECK(usertags_violation_reason(forbidden) == USERTAGS_REASON_FORBIDDEN_CHARACTER);
  CHECK(is(usertags_violation_current(forbidden), NULL));
  CHECK(usertags_violation_number(forbidden, USERTAGS_FIELD_POSITION, &number) && number == 1);
  CHECK(usertags_violation_number(forbidden, USERTAGS_FIELD_CHARACTER, &number) && number == '#');
  CHECK(usertags_violation_number(forbidden, USERTAGS_FIELD_INDEX, NULL));

  bool found_duplicate = false;
  for (size_t i = 0; i < count; ++i) {
    const usertags_violation* violation = usertags_error_violation(error, i);
    if (usertags_violation_reason(violation) != USERTAGS_REASON_DUPLICATE_KEY) continue;
    found_duplicate = true;
    CHECK(usertags_violation_operation(violation) == USERTAGS_OPERATION_UPDATE);
    CHECK(usertags_violation_first_operation(violation) == USERTAGS_OPERATION_CREATE);
    CHECK(usertags_violation_number(violation, USERTAGS_FIELD_FIRST_INDEX, &number) && number == 0);
  }
  CHECK(found_duplicate);
  CHECK(strstr(usertags_error_message(error).data, "key_exists") != NULL);
  usertags_error_free(error);

  char long_key[64];
  memset(long_key, 'k', sizeof long_key);
  usertags_batch_clear(batch);
  MUST(usertags_batch_set(batch, (usertags_text){long_key, sizeof long_key}, of("v"), NULL));
  error = usertags_apply(store, of("ada"), batch, NULL, NULL);
  const usertags_violation* too_long = usertags_error_violation(error, 0);
  CHECK(usertags_violation_reason(too_long) == USERTAGS_REASON_KEY_TOO_LONG);
  CHECK(usertags_violation_number(too_long, USERTAGS_FIELD_LIMIT, &number) && number == 50);
  CHECK(usertags_violation_number(too_long, USERTAGS_FIELD_FOUND, &number) && number == 64);
  usertags_error_free(error);
  usertags_batch_free(batch);
}

void test_errors(void) {
  test_codes();
  usertags_store* store = new_store();
  create(store, "ada", "tier", "trial");
  test_violations(store);

  // What the others name. The error outlives the store.
  int64_t number = -1;
  usertags_user* ada = NULL;
  MUST(usertags_find(store, of("ada"), &ada));
  usertags_error* exists = usertags_create_user(store, of("ada"), NULL, 0, NULL, NULL);
  CHECK(usertags_error_code(exists) == USERTAGS_USER_EXISTS);
  CHECK(is(usertags_error_existing_id(exists), usertags_user_external_id(ada).data) == false);
  CHECK(usertags_error_existing_id(exists).size == usertags_user_id(ada).size);
  CHECK(memcmp(usertags_error_existing_id(exists).data, usertags_user_id(ada).data,
               usertags_user_id(ada).size) == 0);
  usertags_user_free(ada);

  usertags_write_options* options = NULL;
  MUST(usertags_write_options_new(&options));
  MUST(usertags_write_options_set_expected_revision(options, 17));
  usertags_error* mismatch = usertags_delete_user(store, of("ada"), options, NULL);
  CHECK(usertags_error_code(mismatch) == USERTAGS_REVISION_MISMATCH);
  CHECK(usertags_error_number(mismatch, USERTAGS_FIELD_CURRENT_REVISION, &number) && number == 1);
  CHECK(usertags_error_number(mismatch, USERTAGS_FIELD_CURRENT_REVISION, NULL));
  CHECK(!usertags_error_number(mismatch, USERTAGS_FIELD_FLOOR, &number));
  CHECK(!usertags_error_number(mismatch, 999, &number));
  CHECK(is(usertags_error_existing_id(mismatch), NULL));
  usertags_write_options_free(options);

  uint64_t users = 99;
  usertags_error* selector = usertags_count(store, of("tier=gold,("), NULL, &users, NULL);
  CHECK(usertags_error_code(selector) == USERTAGS_INVALID_SELECTOR);
  CHECK(users == 99);   // outputs are set by success alone
  CHECK(usertags_error_number(selector, USERTAGS_FIELD_POSITION, &number) && number == 10);
  CHECK(usertags_error_what(selector).size <= usertags_error_message(selector).size);
  MUST(usertags_close(store));
  usertags_store_free(store);

  CHECK(strlen(usertags_error_message(exists).data) == usertags_error_message(exists).size);
  CHECK(usertags_error_message(exists).data == usertags_error_message(exists).data);   // borrowed: the same
  usertags_error_free(exists);
  usertags_error_free(mismatch);
  usertags_error_free(selector);
  usertags_error_free(NULL);

  usertags_error* missing = usertags_open(of("no/such/folder/users.db"), NULL, &store);
  CHECK(missing != NULL);
  CHECK(usertags_error_number(missing, USERTAGS_FIELD_SYSTEM_ERROR, &number) ? number > 0 : true);
  usertags_error_free(missing);
}

void test_null(void) {
  const int32_t refused = USERTAGS_INVALID_ARGUMENT;
  usertags_store* store = NULL;
  FAILS(refused, usertags_open_in_memory(NULL, NULL));
  FAILS(refused, usertags_open((usertags_text){NULL, 3}, NULL, &store));
  FAILS(refused, usertags_open(of("x.db"), NULL, NULL));
  FAILS(refused, usertags_close(NULL));
  FAILS(refused, usertags_options_new(NULL));
  FAILS(refused, usertags_options_set(NULL, USERTAGS_OPTION_ACCESS, 1));
  FAILS(refused, usertags_settings_new(NULL));
  FAILS(refused, usertags_batch_new(NULL));
  FAILS(refused, usertags_batch_set(NULL, of("k"), of("v"), NULL));
  FAILS(refused, usertags_writes_new(NULL));
  FAILS(refused, usertags_writes_add_deletion(NULL, of("ada"), NULL));
  FAILS(refused, usertags_find(NULL, of("ada"), NULL));
  FAILS(refused, usertags_verify(NULL, NULL));

  store = new_store();
  usertags_error* error = usertags_apply(store, of("ada"), NULL, NULL, NULL);
  CHECK(usertags_error_code(error) == refused);
  CHECK(strstr(usertags_error_message(error).data, "batch is NULL") != NULL);
  usertags_error_free(error);
  FAILS(refused, usertags_find(store, of("ada"), NULL));
  FAILS(refused, usertags_create_user(store, of("ada"), NULL, 1, NULL, NULL));
  FAILS(refused, usertags_list(store, NULL, NULL));
  FAILS(refused, usertags_count(store, of(""), NULL, NULL, NULL));
  FAILS(refused, usertags_apply_each(store, NULL, NULL));
  FAILS(refused, usertags_apply_all(store, NULL, NULL));
  FAILS(refused, usertags_revision(store, NULL));
  FAILS(refused, usertags_get_position(store, NULL));
  FAILS(refused, usertags_changes(store, of(""), 10, NULL));
  FAILS(refused, usertags_get_settings(store, NULL));
  FAILS(refused, usertags_change_settings(store, NULL, 0, NULL));
  FAILS(refused, usertags_get_metrics(store, NULL));

  // Accessors.
  int64_t number = 0;
  CHECK(usertags_error_code(NULL) == USERTAGS_OK);
  CHECK(is(usertags_error_message(NULL), NULL) && is(usertags_error_existing_id(NULL), NULL));
  CHECK(!usertags_error_number(NULL, USERTAGS_FIELD_ITEM, &number));
  CHECK(usertags_error_violation(NULL, 0) == NULL);
  CHECK(usertags_violation_reason(NULL) == 0 && usertags_violation_subject(NULL) == 0);
  CHECK(usertags_violation_operation(NULL) == 0 && usertags_violation_first_operation(NULL) == 0);
  CHECK(is(usertags_violation_key(NULL), NULL) && is(usertags_violation_current(NULL), NULL));
  CHECK(!usertags_violation_number(NULL, USERTAGS_FIELD_INDEX, &number));
  CHECK(is(usertags_user_id(NULL), NULL) && is(usertags_user_external_id(NULL), NULL));
  CHECK(usertags_user_revision(NULL) == 0 && usertags_user_tag_count(NULL) == 0);
  CHECK(is(usertags_user_tag(NULL, 0).key, NULL) && is(usertags_user_value(NULL, of("k")), NULL));
  CHECK(usertags_applied_user(NULL) == NULL && usertags_applied_revision(NULL) == 0);
  CHECK(!usertags_applied_changed(NULL) && !usertags_applied_replayed(NULL));
  CHECK(usertags_outcomes_size(NULL) == 0 && usertags_outcomes_error(NULL, 0) == NULL);
  CHECK(usertags_outcomes_applied(NULL, 0) == NULL);
  CHECK(usertags_user_page_size(NULL) == 0 && usertags_user_page_at(NULL, 0) == NULL);
  CHECK(is(usertags_user_page_next(NULL), NULL) && usertags_user_page_revision(NULL) == 0);
  CHECK(usertags_facet_page_size(NULL) == 0 && is(usertags_facet_page_text(NULL, 0), NULL));
  CHECK(usertags_facet_page_users(NULL, 0) == 0 && is(usertags_facet_page_next(NULL), NULL));
  CHECK(usertags_facet_page_revision(NULL) == 0);
  CHECK(usertags_change_page_size(NULL) == 0 && usertags_change_page_at(NULL, 0) == NULL);
  CHECK(is(usertags_change_page_next(NULL), NULL) && usertags_change_page_floor(NULL) == 0);
  CHECK(!usertags_change_page_epoch_changed(NULL));
  CHECK(usertags_change_revision(NULL) == 0 && usertags_change_transaction(NULL) == 0);
  CHECK(usertags_change_at_ms(NULL) == 0 && usertags_change_kind(NULL) == 0);
  CHECK(is(usertags_change_user_id(NULL), NULL) && is(usertags_change_external_id(NULL), NULL));
  CHECK(is(usertags_change_note(NULL), NULL) && !usertags_change_before_known(NULL));
  CHECK(usertags_change_tag_count(NULL) == 0 && is(usertags_change_tag(NULL, 0).key, NULL));
  CHECK(usertags_report_revision(NULL) == 0 && usertags_report_users(NULL) == 0);
  CHECK(usertags_report_changes(NULL) == 0 && usertags_report_tokens(NULL) == 0);
  CHECK(is(usertags_report_digest(NULL), NULL) && usertags_report_problem_count(NULL) == 0);
  CHECK(usertags_report_problem_kind(NULL, 0) == 0 && is(usertags_report_problem_user(NULL, 0), NULL));
  CHECK(is(usertags_report_problem_what(NULL, 0), NULL) && is(usertags_metrics_text(NULL), NULL));
  CHECK(usertags_settings_version(NULL) == 0 && usertags_batch_size(NULL) == 0 &&
        usertags_writes_size(NULL) == 0);
  usertags_batch_clear(NULL);
  usertags_writes_clear(NULL);
  usertags_options_free(NULL);
  usertags_settings_free(NULL);
  usertags_user_free(NULL);
  usertags_write_options_free(NULL);
  usertags_batch_free(NULL);
  usertags_applied_free(NULL);
  usertags_writes_free(NULL);
  usertags_outcomes_free(NULL);
  usertags_read_options_free(NULL);
  usertags_user_page_free(NULL);
  usertags_facet_page_free(NULL);
  usertags_change_page_free(NULL);
  usertags_report_free(NULL);
  usertags_metrics_free(NULL);
  usertags_store_free(NULL);
  usertags_store_free(store);
}
