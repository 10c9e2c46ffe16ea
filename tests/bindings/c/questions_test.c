// Questions: users by page and by selector, keys and values.
#include "check.h"

static usertags_read_options* page_of(size_t limit) {
  usertags_read_options* options = NULL;
  MUST(usertags_read_options_new(&options));
  MUST(usertags_read_options_set_limit(options, limit));
  return options;
}

void test_questions(void) {
  usertags_store* store = new_store();
  char name[16];
  for (int i = 0; i < 25; ++i) {
    snprintf(name, sizeof name, "u%02d", i);
    create(store, name, "tier", i % 5 == 0 ? "gold" : "trial");
  }

  usertags_read_options* options = page_of(10);
  usertags_user_page* page = NULL;
  int seen = 0;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    MUST(usertags_list(store, options, &page));
    CHECK(usertags_user_page_revision(page) == 25);
    for (size_t i = 0; i < usertags_user_page_size(page); ++i, ++seen) {
      snprintf(name, sizeof name, "u%02d", seen);
      CHECK(is(usertags_user_external_id(usertags_user_page_at(page, i)), name));
    }
    CHECK(usertags_user_page_at(page, usertags_user_page_size(page)) == NULL);
    more = usertags_user_page_next(page).data != NULL;
    MUST(usertags_read_options_set_after(options, usertags_user_page_next(page)));
    usertags_user_page_free(page);
  }
  CHECK(seen == 25 && pages == 3);

  MUST(usertags_select(store, of("tier=gold"), options,
                       &page));   // the last cursor was absent: from the start
  CHECK(usertags_user_page_size(page) == 5 && is(usertags_user_page_next(page), NULL));
  usertags_user_page_free(page);
  MUST(usertags_list(store, NULL, &page));
  CHECK(usertags_user_page_size(page) == 25);
  usertags_user_page_free(page);
  MUST(usertags_read_options_set_after(options, of("no cursor")));
  FAILS(USERTAGS_INVALID_CURSOR, usertags_list(store, options, &page));
  MUST(usertags_read_options_set_after(options, of(NULL)));
  MUST(usertags_read_options_set_limit(options, 0));
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_list(store, options, &page));
  usertags_read_options_free(options);

  uint64_t count = 0;
  uint64_t revision = 0;
  MUST(usertags_count(store, of("tier in (gold,silver)"), NULL, &count, &revision));
  CHECK(count == 5 && revision == 25);
  MUST(usertags_count(store, of(""), NULL, &count, NULL));
  CHECK(count == 25);
  FAILS(USERTAGS_INVALID_SELECTOR, usertags_select(store, of("tier in ("), NULL, &page));

  options = page_of(10);
  MUST(usertags_read_options_set_timeout_ms(options, -5));
  FAILS(USERTAGS_TIMEOUT, usertags_count(store, of("tier=gold"), options, &count, NULL));
  FAILS(USERTAGS_TIMEOUT, usertags_select(store, of("tier=gold"), options, &page));
  usertags_read_options_free(options);

  usertags_user* user = NULL;
  MUST(usertags_find(store, of("u07"), &user));
  patch(store, "u07", "tier", "gold");
  usertags_user* later = NULL;
  MUST(usertags_find(store, usertags_user_id(user), &later));   // by id
  usertags_store_free(store);
  CHECK(is(usertags_user_value(user, of("tier")), "trial"));   // a snapshot, which outlives the store
  CHECK(is(usertags_user_value(later, of("tier")), "gold"));
  usertags_user_free(user);
  usertags_user_free(later);
}

void test_facets(void) {
  usertags_store* store = new_store();
  create(store, "ada", "tier", "gold");
  create(store, "bob", "tier", "trial");
  create(store, "cyd", "tier", "trial");
  create(store, "dan", "team", "red");

  usertags_facet_page* page = NULL;
  usertags_read_options* options = page_of(1);
  MUST(usertags_tag_keys(store, options, &page));
  CHECK(usertags_facet_page_size(page) == 1 && is(usertags_facet_page_text(page, 0), "team"));
  CHECK(usertags_facet_page_users(page, 0) == 1 && usertags_facet_page_revision(page) == 4);
  CHECK(is(usertags_facet_page_text(page, 1), NULL) && usertags_facet_page_users(page, 1) == 0);
  MUST(usertags_read_options_set_after(options, usertags_facet_page_next(page)));
  usertags_facet_page_free(page);
  MUST(usertags_tag_keys(store, options, &page));
  CHECK(is(usertags_facet_page_text(page, 0), "tier") && is(usertags_facet_page_next(page), NULL));
  usertags_facet_page_free(page);
  usertags_read_options_free(options);

  MUST(usertags_tag_values(store, of("tier"), NULL, &page));
  CHECK(usertags_facet_page_size(page) == 2 && is(usertags_facet_page_text(page, 0), "gold"));
  usertags_facet_page_free(page);
  options = page_of(10);
  MUST(usertags_read_options_set_by_users(options, true));
  MUST(usertags_tag_values(store, of("tier"), options, &page));
  CHECK(is(usertags_facet_page_text(page, 0), "trial") && usertags_facet_page_users(page, 0) == 2);
  usertags_facet_page_free(page);
  MUST(usertags_read_options_set_prefix(options, of("g")));
  MUST(usertags_tag_values(store, of("tier"), options, &page));
  CHECK(usertags_facet_page_size(page) == 1 && is(usertags_facet_page_text(page, 0), "gold"));
  usertags_facet_page_free(page);
  FAILS(USERTAGS_INVALID_ARGUMENT, usertags_tag_values(store, of("a#b"), NULL, &page));
  usertags_read_options_free(options);
  usertags_store_free(store);
}
