// A host in C as small as it gets: it embeds the library, writes, reads, and says what it read.
#include <stdio.h>
#include <string.h>

#include <usertags/usertags.h>

static int report(usertags_error* error) {
  fprintf(stderr, "%s\n", usertags_error_message(error).data);
  usertags_error_free(error);
  return 1;
}

int main(void) {
  const usertags_tag tag = {usertags_text_of("department"), usertags_text_of("engineering")};
  const usertags_text ada = usertags_text_of("ada");
  usertags_store* store = NULL;
  usertags_batch* batch = NULL;
  usertags_applied* applied = NULL;
  uint64_t gold = 0;
  usertags_error* error = usertags_open_in_memory(NULL, &store);
  if (!error) error = usertags_create_user(store, ada, &tag, 1, NULL, NULL);
  if (!error) error = usertags_batch_new(&batch);
  if (!error) error = usertags_batch_set(batch, usertags_text_of("tier"), usertags_text_of("gold"), NULL);
  if (!error) error = usertags_apply(store, ada, batch, NULL, &applied);
  if (!error) error = usertags_count(store, usertags_text_of("tier=gold,!churned"), NULL, &gold, NULL);
  if (!error) error = usertags_close(store);
  if (error) return report(error);
  const usertags_user* user = usertags_applied_user(applied);
  for (size_t i = 0; i < usertags_user_tag_count(user); ++i) {
    const usertags_tag found = usertags_user_tag(user, i);
    printf("%.*s=%.*s\n", (int)found.key.size, found.key.data, (int)found.value.size, found.value.data);
  }
  usertags_applied_free(applied);
  usertags_batch_free(batch);
  usertags_store_free(store);
  return gold == 1 && strncmp(usertags_version().data, "0.", 2) == 0 ? 0 : 1;
}
