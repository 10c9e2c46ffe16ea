// What the tests in C share. A check that fails ends the process, and says where.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <usertags/usertags.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

// The call succeeds.
#define MUST(call)                                                  \
  do {                                                              \
    usertags_error* error_of_must = (call);                         \
    if (error_of_must) {                                            \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, \
              usertags_error_message(error_of_must).data);          \
      exit(1);                                                      \
    }                                                               \
  } while (0)

// The call answers this code.
#define FAILS(expected, call)                                                             \
  do {                                                                                    \
    usertags_error* error_of_fails = (call);                                              \
    if (usertags_error_code(error_of_fails) != (expected)) {                              \
      fprintf(stderr, "%s:%d: %s: answered %s, expected %s\n", __FILE__, __LINE__, #call, \
              usertags_code_name(usertags_error_code(error_of_fails)).data,               \
              usertags_code_name(expected).data);                                         \
      exit(1);                                                                            \
    }                                                                                     \
    usertags_error_free(error_of_fails);                                                  \
  } while (0)

static inline usertags_text of(const char* string) {
  return usertags_text_of(string);
}

// NULL: absent.
static inline bool is(usertags_text text, const char* expected) {
  if (expected == NULL || text.data == NULL) return expected == NULL && text.data == NULL;
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

// A store in memory.
static inline usertags_store* new_store(void) {
  usertags_store* store = NULL;
  MUST(usertags_open_in_memory(NULL, &store));
  return store;
}

static inline void create(usertags_store* store, const char* name, const char* key, const char* value) {
  const usertags_tag tag = {of(key), of(value)};
  MUST(usertags_create_user(store, of(name), &tag, key != NULL ? 1 : 0, NULL, NULL));
}

static inline usertags_batch* set(const char* key, const char* value) {
  usertags_batch* batch = NULL;
  MUST(usertags_batch_new(&batch));
  MUST(usertags_batch_set(batch, of(key), of(value), NULL));
  return batch;
}

static inline void patch(usertags_store* store, const char* name, const char* key, const char* value) {
  usertags_batch* batch = set(key, value);
  MUST(usertags_apply(store, of(name), batch, NULL, NULL));
  usertags_batch_free(batch);
}

void test_errors(void);
void test_null(void);
void test_settings(void);
void test_options(void);
void test_writes(void);
void test_many_writes(void);
void test_questions(void);
void test_facets(void);
void test_changes(void);
void test_followers(void);
void test_care(void);
void test_threads(void);
void test_close(void);
