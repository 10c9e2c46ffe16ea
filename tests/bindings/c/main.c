// Runs the test that is named, in a folder of its own, which is the working directory; `list` names them.
#include <string.h>

#include "check.h"

int main(int count, char** arguments) {
  static const struct {
    const char* name;
    void (*run)(void);
  } tests[] = {
      {"errors", test_errors},       {"null", test_null},     {"settings", test_settings},
      {"options", test_options},     {"writes", test_writes}, {"many_writes", test_many_writes},
      {"questions", test_questions}, {"facets", test_facets}, {"changes", test_changes},
      {"followers", test_followers}, {"care", test_care},     {"threads", test_threads},
      {"close", test_close},
  };
  const int lists = count == 2 && strcmp(arguments[1], "list") == 0;
  for (size_t i = 0; lists && i < sizeof tests / sizeof *tests; ++i) puts(tests[i].name);
  if (lists) return 0;
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    if (count != 2 || strcmp(arguments[1], tests[i].name) != 0) continue;
    tests[i].run();
    return 0;
  }
  fprintf(stderr, "usage: %s TEST\n", arguments[0]);
  return 2;
}
