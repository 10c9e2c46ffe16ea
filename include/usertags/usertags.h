// usertags in C: users and their tags, durable in one SQLite file, held whole in memory. What each call means
// is said in user_tag_store.hpp, at the method of its name, and in docs/semantics.md. Here is what C adds.
//
//   usertags_store* store = NULL;
//   usertags_batch* batch = NULL;
//   usertags_error* error = usertags_open(usertags_text_of("users.db"), NULL, &store);
//   if (!error) error = usertags_create_user(store, usertags_text_of("ada"), NULL, 0, NULL, NULL);
//   if (!error) error = usertags_batch_new(&batch);
//   if (!error) error = usertags_batch_set(batch, usertags_text_of("tier"), usertags_text_of("gold"), NULL);
//   if (!error) error = usertags_apply(store, usertags_text_of("ada"), batch, NULL, NULL);
//   if (error) fprintf(stderr, "%s\n", usertags_error_message(error).data);
//   usertags_error_free(error);
//   usertags_batch_free(batch);
//   usertags_store_free(store);
//
// Errors     A call that can fail answers usertags_error*: NULL is success, and only then its outputs are
//            set. Whoever is given an error frees it. Where no memory is left for one, the answer is an
//            error that is always there, with the right code and nothing else; freeing it does nothing.
// Handles    are opaque. Each has a function that frees it, which takes NULL, too. What is borrowed from a
//            handle (texts, users of a page) is valid until that handle is freed. Answers own what they
//            hold, and outlive the store.
// Texts      have a pointer and a length. A NUL stands behind those that are said to be a C string, and
//            behind no others. Where a text may be absent, `data` is NULL then; an empty text that is there
//            has data. Of those that go in, {NULL, 0} is the empty text. Nothing of them is kept beyond the
//            call.
// NULL       A handle, output or array that is NULL, where nothing else is said, is answered with
//            invalid_argument. Accessors take NULL, and an index beyond the end, and answer 0, NULL, false,
//            or an absent text.
// Numbers    of codes, kinds and fields never change; new ones may come. Times are in milliseconds.
// Threads    Any thread may call anything on a store, usertags_close() included; but usertags_store_free()
//            only when no call on it is under way. Answers and errors may be read by many threads. Options,
//            settings, batches and lists of writes may be used by many calls at a time, unless one of them
//            changes them (a call that takes them without `const` does).
// Callbacks  Only `progress` and `log` call back. They must not call the store, and must return.
//
// The ABI of this header is promised (docs/compatibility.md). It is C11, and may be included from C++.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// NOLINTBEGIN(modernize-*,readability-identifier-naming): this is C.
// Shown by a shared library.
#define USERTAGS_C_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// --- Texts, tags, versions. ---

// A text, as the head of this file says.
typedef struct usertags_text {
  const char* data;   // NULL: absent
  size_t size;        // bytes
} usertags_text;

// Of a C string; of NULL the absent text.
static inline usertags_text usertags_text_of(const char* string) {
  usertags_text text = {string, 0};
  if (string != NULL) {
    while (string[text.size] != '\0') ++text.size;
  }
  return text;
}

// A key and its value.
typedef struct usertags_tag {
  usertags_text key;     // 1 to 50 characters
  usertags_text value;   // 0 to 200
} usertags_tag;

// "MAJOR.MINOR.PATCH" of the library that is linked, a C string.
USERTAGS_C_EXPORT usertags_text usertags_version(void);

// --- Errors. ---

// Why a call did not succeed, and one reason of a refused batch, which the error owns.
typedef struct usertags_error usertags_error;
typedef struct usertags_violation usertags_violation;

// The codes of error.hpp.
enum usertags_code {
  USERTAGS_OK = 0,
  USERTAGS_BATCH_REFUSED = 1,
  USERTAGS_USER_NOT_FOUND = 2,
  USERTAGS_USER_EXISTS = 3,
  USERTAGS_REVISION_MISMATCH = 4,
  USERTAGS_TOKEN_REUSED = 5,
  USERTAGS_INVALID_ARGUMENT = 6,
  USERTAGS_INVALID_SELECTOR = 7,
  USERTAGS_INVALID_CURSOR = 8,
  USERTAGS_HISTORY_PRUNED = 9,
  USERTAGS_FUTURE_REVISION = 10,
  USERTAGS_MEMORY_BUDGET_EXCEEDED = 11,
  USERTAGS_READ_ONLY = 12,
  USERTAGS_BUSY = 13,
  USERTAGS_STORE_LOCKED = 14,
  USERTAGS_STORE_CLOSED = 15,
  USERTAGS_STORE_FAILED = 16,
  USERTAGS_OUTCOME_UNKNOWN = 17,
  USERTAGS_FOREIGN_WRITE = 18,
  USERTAGS_FORKED = 19,
  USERTAGS_NOT_A_STORE = 20,
  USERTAGS_UNSUPPORTED_FORMAT = 21,
  USERTAGS_CORRUPT_STORE = 22,
  USERTAGS_PERMISSION_DENIED = 23,
  USERTAGS_IO_ERROR = 24,
  USERTAGS_DISK_FULL = 25,
  USERTAGS_OUT_OF_MEMORY = 26,
  USERTAGS_CANCELLED = 27,
  USERTAGS_TIMEOUT = 28,
  USERTAGS_SETTINGS_MISMATCH = 29,
  USERTAGS_TRANSACTION_TOO_LARGE = 30,
  USERTAGS_NOT_LEADER = 31,
  USERTAGS_WRONG_SHARD = 32,
  USERTAGS_CLUSTER_MEMBER = 33,
};

// What an error, or a violation, names in numbers. A revision has at most 63 bits.
enum usertags_field {
  USERTAGS_FIELD_ITEM = 1,   // which write, in a call with many
  USERTAGS_FIELD_CURRENT_REVISION = 2,
  USERTAGS_FIELD_INTENDED_REVISION = 3,
  USERTAGS_FIELD_FLOOR = 4,
  USERTAGS_FIELD_CURRENT_VERSION = 5,
  USERTAGS_FIELD_HOLDER_PID = 6,
  USERTAGS_FIELD_POSITION = 7,       // bytes from the start: of a selector; of a violation's key or value
  USERTAGS_FIELD_SYSTEM_ERROR = 8,   // errno
  // Of violations alone.
  USERTAGS_FIELD_INDEX = 9,   // which operation
  USERTAGS_FIELD_FIRST_INDEX = 10,
  USERTAGS_FIELD_LIMIT = 11,
  USERTAGS_FIELD_FOUND = 12,
  USERTAGS_FIELD_CHARACTER = 13,   // the character's byte
};

// Kinds of operations of a batch.
enum usertags_operation {
  USERTAGS_OPERATION_CREATE = 1,
  USERTAGS_OPERATION_UPDATE = 2,
  USERTAGS_OPERATION_SET = 3,
  USERTAGS_OPERATION_ERASE = 4,
};

// Reasons of violations, as in error.hpp.
enum usertags_reason {
  USERTAGS_REASON_KEY_EXISTS = 1,
  USERTAGS_REASON_KEY_MISSING = 2,
  USERTAGS_REASON_VALUE_MISMATCH = 3,
  USERTAGS_REASON_DUPLICATE_KEY = 4,
  USERTAGS_REASON_EMPTY_KEY = 5,
  USERTAGS_REASON_KEY_TOO_LONG = 6,
  USERTAGS_REASON_VALUE_TOO_LONG = 7,
  USERTAGS_REASON_FORBIDDEN_CHARACTER = 8,
  USERTAGS_REASON_MALFORMED_UTF8 = 9,
  USERTAGS_REASON_CONTAINS_NUL = 10,
  USERTAGS_REASON_TOO_MANY_TAGS = 11,
  USERTAGS_REASON_TOO_MANY_OPERATIONS = 12,
};

// What a violation is about. One of the whole batch names no operation and no key.
enum usertags_subject {
  USERTAGS_SUBJECT_BATCH = 1,
  USERTAGS_SUBJECT_KEY = 2,
  USERTAGS_SUBJECT_VALUE = 3,
};

// The stable names of these numbers, such as "batch_refused", C strings; of any other number "unknown".
USERTAGS_C_EXPORT usertags_text usertags_code_name(int32_t code);
USERTAGS_C_EXPORT usertags_text usertags_operation_name(int32_t operation);
USERTAGS_C_EXPORT usertags_text usertags_reason_name(int32_t reason);
USERTAGS_C_EXPORT usertags_text usertags_subject_name(int32_t subject);

// Frees it, with its violations.
USERTAGS_C_EXPORT void usertags_error_free(usertags_error* error);

USERTAGS_C_EXPORT int32_t usertags_error_code(const usertags_error* error);   // of NULL: USERTAGS_OK
// What happened, to what, and what to do: one line, a C string. Without memory for it, the code's name.
USERTAGS_C_EXPORT usertags_text usertags_error_message(const usertags_error* error);
USERTAGS_C_EXPORT usertags_text
usertags_error_what(const usertags_error* error);   // its first half, likewise
// Of user_exists; else absent.
USERTAGS_C_EXPORT usertags_text usertags_error_existing_id(const usertags_error* error);
// Whether the error names a number of this field; then `*value` is it.
USERTAGS_C_EXPORT bool usertags_error_number(const usertags_error* error, int32_t field, int64_t* value);
// Of batch_refused: all reasons.
USERTAGS_C_EXPORT size_t usertags_error_violation_count(const usertags_error* error);
USERTAGS_C_EXPORT const usertags_violation* usertags_error_violation(const usertags_error* error,
                                                                     size_t index);

// Numbers of the enums above.
USERTAGS_C_EXPORT int32_t usertags_violation_reason(const usertags_violation* violation);
USERTAGS_C_EXPORT int32_t usertags_violation_subject(const usertags_violation* violation);
USERTAGS_C_EXPORT int32_t usertags_violation_operation(const usertags_violation* violation);   // 0: none
USERTAGS_C_EXPORT int32_t
usertags_violation_first_operation(const usertags_violation* violation);   // 0: none
// As it was given, or its beginning.
USERTAGS_C_EXPORT usertags_text usertags_violation_key(const usertags_violation* violation);
USERTAGS_C_EXPORT usertags_text
usertags_violation_current(const usertags_violation* violation);   // may be absent
// As usertags_error_number().
USERTAGS_C_EXPORT bool usertags_violation_number(const usertags_violation* violation, int32_t field,
                                                 int64_t* value);

// --- Settings: those of a store, as a value. ---

// All settings, each with a value.
typedef struct usertags_settings usertags_settings;

USERTAGS_C_EXPORT usertags_error* usertags_settings_new(usertags_settings** settings);   // the defaults
// Frees them.
USERTAGS_C_EXPORT void usertags_settings_free(usertags_settings* settings);
// One setting by its name (settings.hpp), e.g. "tags_per_user". invalid_argument: there is no such setting,
// or the value is out of its range.
USERTAGS_C_EXPORT usertags_error* usertags_settings_set(usertags_settings* settings, usertags_text name,
                                                        int64_t value);
USERTAGS_C_EXPORT usertags_error* usertags_settings_value(const usertags_settings* settings,
                                                          usertags_text name, int64_t* value);
USERTAGS_C_EXPORT usertags_text
usertags_settings_name(size_t index);   // of each that there is; beyond them absent
USERTAGS_C_EXPORT uint64_t
usertags_settings_version(const usertags_settings* settings);   // as the store had them

// --- Options of open. ---

// Options, as in options.hpp; those that are not set are the defaults.
typedef struct usertags_options usertags_options;

// Which option, of those that have a number.
enum usertags_option {
  USERTAGS_OPTION_DURABILITY = 1,
  USERTAGS_OPTION_ACCESS = 2,
  USERTAGS_OPTION_CREATE_IF_MISSING = 3,   // 0 or 1, as the next two
  USERTAGS_OPTION_ALLOW_NETWORK_FILE_SYSTEM = 4,
  USERTAGS_OPTION_SECURE_DELETE = 5,
  USERTAGS_OPTION_BACKLOG_USERS = 6,
  USERTAGS_OPTION_CHECKPOINT_WAL_BYTES = 7,
  USERTAGS_OPTION_MAX_WAL_BYTES = 8,
  USERTAGS_OPTION_MEMORY_BUDGET = 9,   // bytes
  USERTAGS_OPTION_BUSY_TIMEOUT_MS = 10,
  USERTAGS_OPTION_SLOW_COMMIT_MS = 11,
};
// Values of options, and levels of the log.
enum usertags_durability { USERTAGS_DURABILITY_FULL = 1, USERTAGS_DURABILITY_RELAXED = 2 };
enum usertags_access {
  USERTAGS_ACCESS_READ_WRITE = 1,
  USERTAGS_ACCESS_READ_ONLY = 2,
  USERTAGS_ACCESS_EXCLUSIVE = 3
};
enum usertags_log_level { USERTAGS_LOG_INFO = 1, USERTAGS_LOG_WARNING = 2, USERTAGS_LOG_ERROR = 3 };

// One line of text, valid during the call, on whichever thread has something to say.
typedef void (*usertags_log)(void* context, int32_t level, usertags_text line);

USERTAGS_C_EXPORT usertags_error* usertags_options_new(
    usertags_options** options);   // the defaults of options.hpp
// Frees them; a store that was opened with them has its own.
USERTAGS_C_EXPORT void usertags_options_free(usertags_options* options);
// invalid_argument: there is no such option, or it cannot have the value. Ranges are looked at when a store
// is opened.
USERTAGS_C_EXPORT usertags_error* usertags_options_set(usertags_options* options, int32_t option,
                                                       int64_t value);
// NULL: whatever the store has. Copies them.
USERTAGS_C_EXPORT usertags_error* usertags_options_set_settings(usertags_options* options,
                                                                const usertags_settings* settings);
// NULL: none. `context` is handed on, and has to live as long as the store.
USERTAGS_C_EXPORT usertags_error* usertags_options_set_log(usertags_options* options, usertags_log log,
                                                           void* context);

// --- The store. ---

// A store that is open, or was.
typedef struct usertags_store usertags_store;

// Options may be NULL: the defaults.
USERTAGS_C_EXPORT usertags_error* usertags_open(usertags_text path, const usertags_options* options,
                                                usertags_store** store);
USERTAGS_C_EXPORT usertags_error* usertags_open_in_memory(const usertags_options* options,
                                                          usertags_store** store);
// Calls under way finish first; later ones answer store_closed. A second close does nothing. The handle is
// still to be freed.
USERTAGS_C_EXPORT usertags_error* usertags_close(usertags_store* store);
// Without usertags_close() before, what was acknowledged is safe all the same; the next open has more to do.
USERTAGS_C_EXPORT void usertags_store_free(usertags_store* store);

// The settings that the store has now, to be freed.
USERTAGS_C_EXPORT usertags_error* usertags_get_settings(const usertags_store* store,
                                                        usertags_settings** settings);
// Makes the store's settings these. They have to be at `expected_version`, else settings_mismatch; 0: at any.
// `now`, unless NULL, is set to the settings as they are then.
USERTAGS_C_EXPORT usertags_error* usertags_change_settings(usertags_store* store,
                                                           const usertags_settings* settings,
                                                           uint64_t expected_version,
                                                           usertags_settings** now);

// --- Users. ---

// A user at one revision.
typedef struct usertags_user usertags_user;

USERTAGS_C_EXPORT void usertags_user_free(usertags_user* user);   // of one that was not borrowed
// The store's name of the user, the host's name, the revision of the last change, and the tags.
USERTAGS_C_EXPORT usertags_text usertags_user_id(const usertags_user* user);
USERTAGS_C_EXPORT usertags_text usertags_user_external_id(const usertags_user* user);
USERTAGS_C_EXPORT uint64_t usertags_user_revision(const usertags_user* user);
USERTAGS_C_EXPORT size_t usertags_user_tag_count(const usertags_user* user);
USERTAGS_C_EXPORT usertags_tag usertags_user_tag(const usertags_user* user,
                                                 size_t index);   // by key, ascending
USERTAGS_C_EXPORT usertags_text usertags_user_value(const usertags_user* user,
                                                    usertags_text key);   // absent: no such tag

// --- Writes. ---

// What a write can carry, as ApplyOptions in write.hpp. What is not set is absent.
typedef struct usertags_write_options usertags_write_options;

// Each setter takes the place of what was set before; an empty token or note: none.
USERTAGS_C_EXPORT usertags_error* usertags_write_options_new(usertags_write_options** options);
USERTAGS_C_EXPORT void usertags_write_options_free(usertags_write_options* options);
USERTAGS_C_EXPORT usertags_error* usertags_write_options_set_expected_revision(
    usertags_write_options* options, uint64_t revision);
USERTAGS_C_EXPORT usertags_error* usertags_write_options_set_token(usertags_write_options* options,
                                                                   usertags_text token);
USERTAGS_C_EXPORT usertags_error* usertags_write_options_set_note(usertags_write_options* options,
                                                                  usertags_text note);
// From the beginning of the call that writes; a write that has not begun by then is answered with `timeout`.
USERTAGS_C_EXPORT usertags_error* usertags_write_options_set_timeout_ms(usertags_write_options* options,
                                                                        int64_t timeout);

// Operations on the tags of one user.
typedef struct usertags_batch usertags_batch;

// Operations are added in order, and judged by the call that takes the batch. `expected_value` may be NULL:
// none.
USERTAGS_C_EXPORT usertags_error* usertags_batch_new(usertags_batch** batch);
USERTAGS_C_EXPORT void usertags_batch_free(usertags_batch* batch);
USERTAGS_C_EXPORT usertags_error* usertags_batch_create(usertags_batch* batch, usertags_text key,
                                                        usertags_text value);
USERTAGS_C_EXPORT usertags_error* usertags_batch_update(usertags_batch* batch, usertags_text key,
                                                        usertags_text value,
                                                        const usertags_text* expected_value);
USERTAGS_C_EXPORT usertags_error* usertags_batch_set(usertags_batch* batch, usertags_text key,
                                                     usertags_text value,
                                                     const usertags_text* expected_value);
USERTAGS_C_EXPORT usertags_error* usertags_batch_erase(usertags_batch* batch, usertags_text key,
                                                       bool must_exist, const usertags_text* expected_value);
// Removes all operations, to use it again; and how many it has.
USERTAGS_C_EXPORT void usertags_batch_clear(usertags_batch* batch);
USERTAGS_C_EXPORT size_t usertags_batch_size(const usertags_batch* batch);

// The answer to a write that was applied: Applied in write.hpp.
typedef struct usertags_applied usertags_applied;

USERTAGS_C_EXPORT void usertags_applied_free(usertags_applied* applied);   // of one that was not borrowed
USERTAGS_C_EXPORT const usertags_user* usertags_applied_user(
    const usertags_applied* applied);   // NULL: deleted
// The revision of the change; whether anything changed; whether the token was known.
USERTAGS_C_EXPORT uint64_t usertags_applied_revision(const usertags_applied* applied);
USERTAGS_C_EXPORT bool usertags_applied_changed(const usertags_applied* applied);
USERTAGS_C_EXPORT bool usertags_applied_replayed(const usertags_applied* applied);

// `user` is an id or an external id: its form tells. Options may be NULL, and so may `applied`.
// Memory for the answer is there before anything is written: out_of_memory means that nothing was.
USERTAGS_C_EXPORT usertags_error* usertags_create_user(usertags_store* store, usertags_text external_id,
                                                       const usertags_tag* tags, size_t tag_count,
                                                       const usertags_write_options* options,
                                                       usertags_applied** applied);
// Finds the user with this external id, or creates it with these tags: usertags_applied_changed() says which.
USERTAGS_C_EXPORT usertags_error* usertags_ensure_user(usertags_store* store, usertags_text external_id,
                                                       const usertags_tag* tags_if_created, size_t tag_count,
                                                       const usertags_write_options* options,
                                                       usertags_applied** applied);
// Applies the batch to one user, whole or not at all.
USERTAGS_C_EXPORT usertags_error* usertags_apply(usertags_store* store, usertags_text user,
                                                 const usertags_batch* batch,
                                                 const usertags_write_options* options,
                                                 usertags_applied** applied);
// Removes the user and all tags.
USERTAGS_C_EXPORT usertags_error* usertags_delete_user(usertags_store* store, usertags_text user,
                                                       const usertags_write_options* options,
                                                       usertags_applied** applied);
// What usertags_apply() would answer now; changes nothing.
USERTAGS_C_EXPORT usertags_error* usertags_plan(const usertags_store* store, usertags_text user,
                                                const usertags_batch* batch,
                                                const usertags_write_options* options,
                                                usertags_applied** applied);

// Writes for calls that take many of them. What they are given is copied.
typedef struct usertags_writes usertags_writes;

// Each addition comes at the end; usertags_writes_clear() removes all, to use the list again.
USERTAGS_C_EXPORT usertags_error* usertags_writes_new(usertags_writes** writes);
USERTAGS_C_EXPORT void usertags_writes_free(usertags_writes* writes);
USERTAGS_C_EXPORT usertags_error* usertags_writes_add_creation(usertags_writes* writes,
                                                               usertags_text external_id,
                                                               const usertags_tag* tags, size_t tag_count,
                                                               const usertags_write_options* options);
USERTAGS_C_EXPORT usertags_error* usertags_writes_add_ensured(usertags_writes* writes,
                                                              usertags_text external_id,
                                                              const usertags_tag* tags_if_created,
                                                              size_t tag_count,
                                                              const usertags_write_options* options);
USERTAGS_C_EXPORT usertags_error* usertags_writes_add_patch(usertags_writes* writes, usertags_text user,
                                                            const usertags_batch* batch,
                                                            const usertags_write_options* options);
USERTAGS_C_EXPORT usertags_error* usertags_writes_add_deletion(usertags_writes* writes, usertags_text user,
                                                               const usertags_write_options* options);
USERTAGS_C_EXPORT void usertags_writes_clear(usertags_writes* writes);
USERTAGS_C_EXPORT size_t usertags_writes_size(const usertags_writes* writes);

// outcomes[i] answers writes[i]: an error, or what was applied.
typedef struct usertags_outcomes usertags_outcomes;

// Of each write one of both: the error, or NULL; what was applied, or NULL.
USERTAGS_C_EXPORT void usertags_outcomes_free(usertags_outcomes* outcomes);
USERTAGS_C_EXPORT size_t usertags_outcomes_size(const usertags_outcomes* outcomes);
USERTAGS_C_EXPORT const usertags_error* usertags_outcomes_error(const usertags_outcomes* outcomes,
                                                                size_t index);
USERTAGS_C_EXPORT const usertags_applied* usertags_outcomes_applied(const usertags_outcomes* outcomes,
                                                                    size_t index);

// The call itself fails only where no write was even tried. `outcomes` is not NULL: it has the errors.
USERTAGS_C_EXPORT usertags_error* usertags_apply_each(usertags_store* store, usertags_writes* writes,
                                                      usertags_outcomes** outcomes);
// All or none. The error is that of the first write that failed, with USERTAGS_FIELD_ITEM. `outcomes` may be
// NULL.
USERTAGS_C_EXPORT usertags_error* usertags_apply_all(usertags_store* store, usertags_writes* writes,
                                                     usertags_outcomes** outcomes);

// --- Questions. ---

// The user of this id or external id, to be freed; else user_not_found.
USERTAGS_C_EXPORT usertags_error* usertags_find(const usertags_store* store, usertags_text user,
                                                usertags_user** found);

// How a question is asked. Each question takes NULL for the defaults, and looks at what concerns it.
typedef struct usertags_read_options usertags_read_options;

// A page has 1 to 10,000 users, changes, keys or values; 100, unless told.
USERTAGS_C_EXPORT usertags_error* usertags_read_options_new(usertags_read_options** options);
USERTAGS_C_EXPORT void usertags_read_options_free(usertags_read_options* options);
USERTAGS_C_EXPORT usertags_error* usertags_read_options_set_limit(usertags_read_options* options,
                                                                  size_t limit);
// The `next` of the page before; an absent text: from the start.
USERTAGS_C_EXPORT usertags_error* usertags_read_options_set_after(usertags_read_options* options,
                                                                  usertags_text cursor);
// Of tag_keys and tag_values: only those that begin with these bytes.
USERTAGS_C_EXPORT usertags_error* usertags_read_options_set_prefix(usertags_read_options* options,
                                                                   usertags_text prefix);
// Of tag_values: most users first.
USERTAGS_C_EXPORT usertags_error* usertags_read_options_set_by_users(usertags_read_options* options,
                                                                     bool by_users);
// From the beginning of the call, which answers `timeout` then. tag_keys and tag_values have none.
USERTAGS_C_EXPORT usertags_error* usertags_read_options_set_timeout_ms(usertags_read_options* options,
                                                                       int64_t timeout);

// Users in the order of their creation, at one moment.
typedef struct usertags_user_page usertags_user_page;

// Its users are borrowed from it.
USERTAGS_C_EXPORT void usertags_user_page_free(usertags_user_page* page);
USERTAGS_C_EXPORT size_t usertags_user_page_size(const usertags_user_page* page);
USERTAGS_C_EXPORT const usertags_user* usertags_user_page_at(const usertags_user_page* page, size_t index);
USERTAGS_C_EXPORT usertags_text
usertags_user_page_next(const usertags_user_page* page);   // absent: the last page
// The store's, at which the page was read.
USERTAGS_C_EXPORT uint64_t usertags_user_page_revision(const usertags_user_page* page);

// A page of all users.
USERTAGS_C_EXPORT usertags_error* usertags_list(const usertags_store* store,
                                                const usertags_read_options* options,
                                                usertags_user_page** page);
// `selector` is in the language of docs/selectors.md; the empty text means every user. invalid_selector names
// the byte (USERTAGS_FIELD_POSITION).
USERTAGS_C_EXPORT usertags_error* usertags_select(const usertags_store* store, usertags_text selector,
                                                  const usertags_read_options* options,
                                                  usertags_user_page** page);
// `revision`, at which they were counted, may be NULL.
USERTAGS_C_EXPORT usertags_error* usertags_count(const usertags_store* store, usertags_text selector,
                                                 const usertags_read_options* options, uint64_t* count,
                                                 uint64_t* revision);

// Keys, or the values of a key, with the number of users.
typedef struct usertags_facet_page usertags_facet_page;

// A key or value of the page, and how many users have it.
USERTAGS_C_EXPORT void usertags_facet_page_free(usertags_facet_page* page);
USERTAGS_C_EXPORT size_t usertags_facet_page_size(const usertags_facet_page* page);
USERTAGS_C_EXPORT usertags_text usertags_facet_page_text(const usertags_facet_page* page, size_t index);
USERTAGS_C_EXPORT uint64_t usertags_facet_page_users(const usertags_facet_page* page, size_t index);
USERTAGS_C_EXPORT usertags_text
usertags_facet_page_next(const usertags_facet_page* page);   // absent: the last page
// The store's, at which the page was read.
USERTAGS_C_EXPORT uint64_t usertags_facet_page_revision(const usertags_facet_page* page);

// The keys that users have, and the values of one key.
USERTAGS_C_EXPORT usertags_error* usertags_tag_keys(const usertags_store* store,
                                                    const usertags_read_options* options,
                                                    usertags_facet_page** page);
USERTAGS_C_EXPORT usertags_error* usertags_tag_values(const usertags_store* store, usertags_text key,
                                                      const usertags_read_options* options,
                                                      usertags_facet_page** page);

// --- Changes. ---

// A place in the store's sequence of changes: a C string, opaque. In a call, the empty text is the place
// before the first change.
typedef struct usertags_position {
  char text[64];   // a C string
} usertags_position;

// What happened to a user.
enum usertags_change_kind {
  USERTAGS_CHANGE_CREATED = 1,
  USERTAGS_CHANGE_PATCHED = 2,
  USERTAGS_CHANGE_DELETED = 3
};

// One change of one user, borrowed from its page.
typedef struct usertags_change usertags_change;

// What became of one key.
typedef struct usertags_tag_change {
  usertags_text key;      // each once in a change
  usertags_text value;    // absent: removed
  usertags_text before;   // what it had; absent: the user had no such tag
} usertags_tag_change;

// What the change has: Change in change.hpp.
USERTAGS_C_EXPORT uint64_t usertags_change_revision(const usertags_change* change);
USERTAGS_C_EXPORT uint64_t usertags_change_transaction(const usertags_change* change);
USERTAGS_C_EXPORT int64_t usertags_change_at_ms(const usertags_change* change);   // since 1970, UTC
// As in Change, too; of a kind also the stable name, a C string.
USERTAGS_C_EXPORT int32_t usertags_change_kind(const usertags_change* change);
USERTAGS_C_EXPORT usertags_text usertags_change_kind_name(int32_t kind);
USERTAGS_C_EXPORT usertags_text usertags_change_user_id(const usertags_change* change);
USERTAGS_C_EXPORT usertags_text usertags_change_external_id(const usertags_change* change);
USERTAGS_C_EXPORT usertags_text usertags_change_note(const usertags_change* change);   // empty: none
// False: an adopted change, without what was before. Then its tags, by key.
USERTAGS_C_EXPORT bool usertags_change_before_known(const usertags_change* change);
USERTAGS_C_EXPORT size_t usertags_change_tag_count(const usertags_change* change);
USERTAGS_C_EXPORT usertags_tag_change usertags_change_tag(const usertags_change* change, size_t index);

// Changes of the feed, or of one user's history.
typedef struct usertags_change_page usertags_change_page;

// Its changes, in the order of the feed, or of a history.
USERTAGS_C_EXPORT void usertags_change_page_free(usertags_change_page* page);
USERTAGS_C_EXPORT size_t usertags_change_page_size(const usertags_change_page* page);
USERTAGS_C_EXPORT const usertags_change* usertags_change_page_at(const usertags_change_page* page,
                                                                 size_t index);
// Of the feed: the position behind the page. Of a history: the cursor of the next page; absent: it was the
// last.
USERTAGS_C_EXPORT usertags_text usertags_change_page_next(const usertags_change_page* page);
USERTAGS_C_EXPORT bool usertags_change_page_epoch_changed(const usertags_change_page* page);   // of the feed
USERTAGS_C_EXPORT uint64_t usertags_change_page_floor(const usertags_change_page* page);       // of a history

// The newest visible change, and the place behind it. A store that is closed answers store_closed.
USERTAGS_C_EXPORT usertags_error* usertags_revision(const usertags_store* store, uint64_t* revision);
USERTAGS_C_EXPORT usertags_error* usertags_get_position(const usertags_store* store,
                                                        usertags_position* position);
// Revision and epoch of a position; each output may be NULL.
USERTAGS_C_EXPORT usertags_error* usertags_position_parse(usertags_text position, uint64_t* revision,
                                                          uint64_t* epoch);

// What was changed behind a position: whole transactions, about `limit` changes.
USERTAGS_C_EXPORT usertags_error* usertags_changes(const usertags_store* store, usertags_text after,
                                                   size_t limit, usertags_change_page** page);
// `revision`, the newest then, may be NULL.
USERTAGS_C_EXPORT usertags_error* usertags_wait_for_changes(const usertags_store* store, usertags_text after,
                                                            int64_t timeout_ms, uint64_t* revision);
// The changes of one user, newest first.
USERTAGS_C_EXPORT usertags_error* usertags_history(const usertags_store* store, usertags_text user,
                                                   const usertags_read_options* options,
                                                   usertags_change_page** page);

// --- Following; `revision`, the newest visible one, may be NULL. ---

// Brings a read-only store to where its file is; waits until it shows a revision.
USERTAGS_C_EXPORT usertags_error* usertags_refresh(usertags_store* store, uint64_t* revision);
USERTAGS_C_EXPORT usertags_error* usertags_read_at_least(usertags_store* store, uint64_t at_least,
                                                         int64_t timeout_ms, uint64_t* revision);

// --- Care. ---

// Which part of a store is wrong: VerifyReport in stats.hpp.
enum usertags_problem_kind {
  USERTAGS_PROBLEM_SQLITE = 1,
  USERTAGS_PROBLEM_SCHEMA = 2,
  USERTAGS_PROBLEM_STATE = 3,
  USERTAGS_PROBLEM_LOG = 4,
  USERTAGS_PROBLEM_USER_ROW = 5,
  USERTAGS_PROBLEM_TOKEN = 6,
  USERTAGS_PROBLEM_DIGEST = 7,
  USERTAGS_PROBLEM_MEMORY = 8,
  USERTAGS_PROBLEM_TAG_INDEX = 9,
  USERTAGS_PROBLEM_EXTERNAL_ID_HASH = 10,
};

// What was read and compared, and what is wrong.
typedef struct usertags_report usertags_report;

// How much was compared, and at which revision; the digest, equal for equal stores; then the problems.
USERTAGS_C_EXPORT void usertags_report_free(usertags_report* report);
USERTAGS_C_EXPORT uint64_t usertags_report_revision(const usertags_report* report);
USERTAGS_C_EXPORT uint64_t usertags_report_users(const usertags_report* report);
USERTAGS_C_EXPORT uint64_t usertags_report_changes(const usertags_report* report);
USERTAGS_C_EXPORT uint64_t usertags_report_tokens(const usertags_report* report);
USERTAGS_C_EXPORT usertags_text usertags_report_digest(const usertags_report* report);
USERTAGS_C_EXPORT size_t usertags_report_problem_count(const usertags_report* report);   // 0: all is well
// In which part it is, which user is concerned (empty: none), and what is wrong, for people.
USERTAGS_C_EXPORT int32_t usertags_report_problem_kind(const usertags_report* report, size_t index);
USERTAGS_C_EXPORT usertags_text usertags_problem_kind_name(int32_t kind);
USERTAGS_C_EXPORT usertags_text usertags_report_problem_user(const usertags_report* report, size_t index);
USERTAGS_C_EXPORT usertags_text usertags_report_problem_what(const usertags_report* report, size_t index);

// Proves that file and memory agree. Problems are in the report; an error means that there is none.
USERTAGS_C_EXPORT usertags_error* usertags_verify(const usertags_store* store, usertags_report** report);

// Answers whether to go on; else the call answers `cancelled`.
typedef bool (*usertags_progress)(void* context, uint64_t done, uint64_t total);

// `progress` may be NULL; `context` is handed on to it.
USERTAGS_C_EXPORT usertags_error* usertags_backup(const usertags_store* store, usertags_text target,
                                                  usertags_progress progress, void* context);
// Folds, prunes and checkpoints, for as long as `budget_ms` or until nothing is left to do.
USERTAGS_C_EXPORT usertags_error* usertags_maintain(usertags_store* store, int64_t budget_ms);

// Figures at one moment, as text.
typedef struct usertags_metrics usertags_metrics;

// Frees them, with their text.
USERTAGS_C_EXPORT void usertags_metrics_free(usertags_metrics* metrics);
USERTAGS_C_EXPORT usertags_text usertags_metrics_text(const usertags_metrics* metrics);   // a C string

// Figures of the store in the text format of OpenMetrics.
USERTAGS_C_EXPORT usertags_error* usertags_get_metrics(const usertags_store* store,
                                                       usertags_metrics** metrics);

#ifdef __cplusplus
}
#endif
// NOLINTEND(modernize-*,readability-identifier-naming)
