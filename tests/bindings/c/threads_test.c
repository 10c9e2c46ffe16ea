// One store, from several threads; and close beside their calls.
#include <pthread.h>

#include "check.h"

enum { kThreads = 4, kUsers = 200 };

typedef struct {
  usertags_store* store;
  const usertags_user* shared;
  const usertags_error* error;
  int number;
  bool saw_close;
} worker;

static void* work(void* argument) {
  worker* self = argument;
  char name[32];
  for (int i = 0; i < kUsers; ++i) {
    snprintf(name, sizeof name, "t%d-u%d", self->number, i);
    create(self->store, name, "thread", "yes");
    usertags_user* user = NULL;
    MUST(usertags_find(self->store, of(name), &user));   // its own write is there
    CHECK(is(usertags_user_tag(user, 0).key, "thread"));
    usertags_user_free(user);
    uint64_t count = 0;
    MUST(usertags_count(self->store, of("thread=yes"), NULL, &count, NULL));
    CHECK(count > (uint64_t)i);
    // Answers that all of them read: the first one makes what is made on demand.
    CHECK(is(usertags_user_tag(self->shared, 0).key, "tier"));
    CHECK(usertags_error_message(self->error).size > 0);
  }
  return NULL;
}

static void start(pthread_t* thread, void* (*function)(void*), worker* argument) {
  CHECK(pthread_create(thread, NULL, function, argument) == 0);
}

void test_threads(void) {
  usertags_store* store = new_store();
  create(store, "ada", "tier", "gold");
  usertags_user* shared = NULL;
  MUST(usertags_find(store, of("ada"), &shared));
  usertags_error* error = usertags_create_user(store, of("ada"), NULL, 0, NULL, NULL);
  pthread_t threads[kThreads];
  worker workers[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    workers[i] = (worker){.store = store, .shared = shared, .error = error, .number = i};
    start(&threads[i], work, &workers[i]);
  }
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  uint64_t count = 0;
  MUST(usertags_count(store, of(""), NULL, &count, NULL));
  CHECK(count == kThreads * kUsers + 1);
  usertags_error_free(error);
  usertags_user_free(shared);
  usertags_store_free(store);
}

// Writes until the store is closed.
static void* write_on(void* argument) {
  worker* self = argument;
  char name[32];
  for (int i = 0; !self->saw_close; ++i) {
    snprintf(name, sizeof name, "t%d-u%d", self->number, i);
    usertags_error* error = usertags_create_user(self->store, of(name), NULL, 0, NULL, NULL);
    CHECK(error == NULL || usertags_error_code(error) == USERTAGS_STORE_CLOSED);
    self->saw_close = error != NULL;
    usertags_error_free(error);
  }
  return NULL;
}

// Waits for what does not come: close ends it.
static void* wait_on(void* argument) {
  worker* self = argument;
  const usertags_error* error = NULL;
  usertags_error* ended = NULL;
  do {
    usertags_position position;
    ended = usertags_get_position(self->store, &position);
    if (ended == NULL) ended = usertags_wait_for_changes(self->store, of(position.text), 600000, NULL);
    error = ended;
  } while (error == NULL);
  CHECK(usertags_error_code(ended) == USERTAGS_STORE_CLOSED);
  usertags_error_free(ended);
  self->saw_close = true;
  return NULL;
}

void test_close(void) {
  usertags_store* store = NULL;
  MUST(usertags_open(of("close.db"), NULL, &store));
  pthread_t threads[kThreads];
  worker workers[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    workers[i] = (worker){.store = store, .number = i};
    start(&threads[i], i == 0 ? wait_on : write_on, &workers[i]);
  }
  uint64_t revision = 0;   // so that they are under way
  usertags_position position;
  MUST(usertags_get_position(store, &position));
  MUST(usertags_wait_for_changes(store, of(position.text), 600000, &revision));
  MUST(usertags_close(store));
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(workers[i].saw_close);
  }
  usertags_store_free(store);

  // What was acknowledged is there.
  MUST(usertags_open(of("close.db"), NULL, &store));
  uint64_t users = 0;
  MUST(usertags_count(store, of(""), NULL, &users, NULL));
  CHECK(users >= revision);
  usertags_store_free(store);
}
