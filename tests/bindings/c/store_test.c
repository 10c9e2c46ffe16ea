// Opening and closing, options, settings, and care.
#include <unistd.h>

#include "check.h"

void test_settings(void) {
  usertags_settings* settings = NULL;
  int64_t value = 0;
  MUST(usertags_settings_new(&settings));
  CHECK(is(usertags_settings_name(0), "tags_per_user"));
  size_t count = 0;
  for (; usertags_settings_name(count).data != NULL; ++count) {
    MUST(usertags_settings_value(settings, usertags_settings_name(count), &value));
  }
  CHECK(count == 7);
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_settings_value(settings, of("no_such"), &value));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_settings_set(settings, of("no_such"), 1));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_settings_set(settings, of("tags_per_user"), -1));
  MUST(usertags_settings_set(settings, of("tags_per_user"), 2));

  usertags_options* options = NULL;
  usertags_store* store = NULL;
  MUST(usertags_options_new(&options));
  MUST(usertags_options_set_settings(options, settings));
  usertags_settings_free(settings);   // they were copied
  MUST(usertags_open_in_memory(options, &store));
  usertags_options_free(options);

  usertags_settings* now = NULL;
  MUST(usertags_get_settings(store, &settings));
  CHECK(usertags_settings_version(settings) == 1);
  MUST(usertags_settings_value(settings, of("tags_per_user"), &value));
  CHECK(value == 2);
  MUST(usertags_settings_set(settings, of("tags_per_user"), 1));
  MUST(usertags_change_settings(store, settings, usertags_settings_version(settings), &now));
  CHECK(usertags_settings_version(now) == 2);
  usertags_settings_free(now);
  usertags_error* error = usertags_change_settings(store, settings, 1, NULL);
  CHECK(usertags_error_code(error) == USERTAGS_SETTINGS_MISMATCH);
  CHECK(usertags_error_number(error, USERTAGS_FIELD_CURRENT_VERSION, &value) && value == 2);
  usertags_error_free(error);
  MUST(usertags_change_settings(store, settings, 0, NULL));   // at any version; nothing to change
  usertags_settings_free(settings);

  const usertags_tag tags[] = {{of("a"), of("1")}, {of("b"), of("2")}};
  FAILS(USERTAGS_BATCH_REFUSED, usertags_create_user(store, of("ada"), tags, 2, NULL, NULL));
  usertags_store_free(store);
}

static void keep_line(void* context, int32_t level, usertags_text line) {
  CHECK(level >= USERTAGS_LOG_INFO && level <= USERTAGS_LOG_ERROR);
  CHECK(line.size != 0);
  *(int*)context += 1;
}

void test_options(void) {
  usertags_options* options = NULL;
  usertags_store* store = NULL;
  int lines = 0;
  MUST(usertags_options_new(&options));
  for (int32_t option = USERTAGS_OPTION_DURABILITY; option <= USERTAGS_OPTION_SLOW_COMMIT_MS; ++option) {
    FAILS(USERTAGS_OK, usertags_options_set(options, option, 1));
  }
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_options_set(options, 0, 1));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_options_set(options, USERTAGS_OPTION_ACCESS, 0));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_options_set(options, USERTAGS_OPTION_DURABILITY, 3));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_options_set(options, USERTAGS_OPTION_SECURE_DELETE, 2));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_options_set(options, USERTAGS_OPTION_MEMORY_BUDGET, -1));
  MUST(usertags_options_set(options, USERTAGS_OPTION_BUSY_TIMEOUT_MS, -1));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_open(of("options.db"), options, &store));
  usertags_options_free(options);

  MUST(usertags_options_new(&options));
  MUST(usertags_options_set(options, USERTAGS_OPTION_CREATE_IF_MISSING, 0));
  FAILS(USERTAGS_NOT_A_STORE, usertags_open(of("options.db"), options, &store));
  MUST(usertags_options_set(options, USERTAGS_OPTION_CREATE_IF_MISSING, 1));
  MUST(usertags_options_set(options, USERTAGS_OPTION_DURABILITY, USERTAGS_DURABILITY_RELAXED));
  MUST(usertags_options_set(options, USERTAGS_OPTION_ACCESS, USERTAGS_ACCESS_EXCLUSIVE));
  MUST(usertags_options_set(options, USERTAGS_OPTION_SLOW_COMMIT_MS, 0));   // every commit is slow
  MUST(usertags_options_set_log(options, keep_line, &lines));
  MUST(usertags_options_set_settings(options, NULL));
  MUST(usertags_open(of("options.db"), options, &store));
  create(store, "ada", NULL, NULL);
  MUST(usertags_close(store));
  CHECK(lines > 0);
  usertags_store_free(store);

  MUST(usertags_options_set_log(options, NULL, NULL));
  MUST(usertags_options_set(options, USERTAGS_OPTION_ACCESS, USERTAGS_ACCESS_READ_ONLY));
  MUST(usertags_open(of("options.db"), options, &store));
  FAILS(USERTAGS_READ_ONLY, usertags_delete_user(store, of("ada"), NULL, NULL));
  usertags_store_free(store);
  usertags_options_free(options);
}

static bool go_on(void* context, uint64_t done, uint64_t total) {
  CHECK(done <= total);
  *(int*)context += 1;
  return true;
}

static bool cancel(void* context, uint64_t done, uint64_t total) {
  (void)context, (void)done, (void)total;
  return false;
}

void test_care(void) {
  usertags_store* store = NULL;
  usertags_store* copy = NULL;
  MUST(usertags_open(of("care.db"), NULL, &store));
  create(store, "ada", "tier", "gold");
  create(store, "bob", NULL, NULL);

  usertags_report* report = NULL;
  MUST(usertags_verify(store, &report));
  CHECK(usertags_report_problem_count(report) == 0);
  CHECK(usertags_report_revision(report) == 2 && usertags_report_users(report) == 2);
  CHECK(usertags_report_changes(report) == 2 && usertags_report_tokens(report) == 0);
  CHECK(usertags_report_digest(report).size == 32);
  CHECK(usertags_report_problem_kind(report, 0) == 0);
  usertags_report_free(report);

  int calls = 0;
  FAILS(USERTAGS_CANCELLED, usertags_backup(store, of("copy.db"), cancel, NULL));
  CHECK(access("copy.db", F_OK) != 0);
  MUST(usertags_backup(store, of("copy.db"), go_on, &calls));
  CHECK(calls > 0);
  MUST(usertags_backup(store, of("copy.db"), NULL, NULL));
  MUST(usertags_open(of("copy.db"), NULL, &copy));
  usertags_user* user = NULL;
  MUST(usertags_find(copy, of("ada"), &user));
  usertags_user_free(user);
  MUST(usertags_close(copy));
  usertags_store_free(copy);

  MUST(usertags_maintain(store, 1000));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_maintain(store, 0));

  usertags_metrics* metrics = NULL;
  MUST(usertags_get_metrics(store, &metrics));
  CHECK(strstr(usertags_metrics_text(metrics).data, "usertags_users 2") != NULL);
  CHECK(strlen(usertags_metrics_text(metrics).data) == usertags_metrics_text(metrics).size);
  usertags_metrics_free(metrics);

  int64_t holder = 0;
  usertags_error* locked = usertags_open(of("care.db"), NULL, &copy);
  CHECK(usertags_error_code(locked) == USERTAGS_STORE_LOCKED);
  CHECK(usertags_error_number(locked, USERTAGS_FIELD_HOLDER_PID, &holder) && holder == getpid());
  usertags_error_free(locked);
  MUST(usertags_close(store));
  MUST(usertags_close(store));
  uint64_t revision = 0;
  usertags_position position;
  FAILS(USERTAGS_STORE_CLOSED, usertags_find(store, of("ada"), &user));
  FAILS(USERTAGS_STORE_CLOSED, usertags_revision(store, &revision));
  FAILS(USERTAGS_STORE_CLOSED, usertags_get_position(store, &position));
  FAILS(USERTAGS_STORE_CLOSED, usertags_get_metrics(store, &metrics));
  usertags_store_free(store);

  // A host reads the version of what it runs with.
  CHECK(usertags_version().size >= 5 && strlen(usertags_version().data) == usertags_version().size);
}
