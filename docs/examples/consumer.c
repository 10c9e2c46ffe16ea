// A feed consumer in C that resumes: tells every change of a store that another process writes, once, a line each, and
// keeps how far it came in a file.
// Usage: consumer STORE POSITION
//
// It tells first and keeps the position afterwards: where it is ended in between, it tells a page again. Whoever reads
// the lines knows a change by its revision.
#include <stdio.h>
#include <string.h>

#include <usertags/usertags.h>

static void show(usertags_text text) {
  fwrite(text.data, 1, text.size, stdout);
}

static void tell(const usertags_change* change) {
  printf("%llu ", (unsigned long long)usertags_change_revision(change));
  show(usertags_change_kind_name(usertags_change_kind(change)));
  putchar(' ');
  show(usertags_change_external_id(change));
  for (size_t i = 0; i < usertags_change_tag_count(change); ++i) {
    const usertags_tag_change tag = usertags_change_tag(change, i);
    printf(tag.value.data != NULL ? " +" : " -");
    show(tag.key);
    if (tag.value.data == NULL) continue;
    putchar('=');
    show(tag.value);
  }
  putchar('\n');
}

// The position that was kept; none: before the first change.
static usertags_position kept(const char* path) {
  usertags_position position = {""};
  FILE* file = fopen(path, "r");
  if (file == NULL) return position;
  if (fgets(position.text, sizeof position.text, file) == NULL) position.text[0] = '\0';
  fclose(file);
  return position;
}

// Under another name first: what is kept is the old position or the new one, whenever the process ends.
static int keep(const char* path, usertags_text position) {
  char next[4096];
  if (snprintf(next, sizeof next, "%s.next", path) >= (int)sizeof next) return -1;
  FILE* file = fopen(next, "w");
  if (file == NULL) return -1;
  const size_t written = fwrite(position.data, 1, position.size, file);
  if (fclose(file) != 0 || written != position.size) return -1;
  return rename(next, path);
}

// Tells what is behind the position, a page at a time.
static usertags_error* follow(const usertags_store* store, const char* path) {
  for (usertags_position position = kept(path);;) {
    usertags_change_page* page = NULL;
    usertags_error* error = usertags_changes(store, usertags_text_of(position.text), 1000, &page);
    if (error)
      return error;   // history_pruned: this came too late; select the users anew, and follow from there
    const size_t count = usertags_change_page_size(page);
    for (size_t i = 0; i < count; ++i) tell(usertags_change_page_at(page, i));
    const usertags_text next = usertags_change_page_next(page);
    memcpy(position.text, next.data, next.size);
    position.text[next.size] = '\0';
    const bool is_kept = fflush(stdout) == 0 && (count == 0 || keep(path, next) == 0);
    usertags_change_page_free(page);
    if (!is_kept) perror(path);
    if (count == 0 || !is_kept) return NULL;   // a service would wait: usertags_wait_for_changes
  }
}

int main(int count, char** arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: consumer STORE POSITION\n");
    return 2;
  }
  usertags_options* options = NULL;
  usertags_store* store = NULL;
  usertags_error* error = usertags_options_new(&options);
  if (!error) error = usertags_options_set(options, USERTAGS_OPTION_ACCESS, USERTAGS_ACCESS_READ_ONLY);
  if (!error) error = usertags_open(usertags_text_of(arguments[1]), options, &store);
  if (!error) error = follow(store, arguments[2]);
  if (error) fprintf(stderr, "consumer: %s\n", usertags_error_message(error).data);
  const int status = error ? 1 : 0;
  usertags_error_free(error);
  usertags_store_free(store);
  usertags_options_free(options);
  return status;
}
