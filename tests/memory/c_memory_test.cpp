// Memory that runs out in any call of usertags.h, at any allocation: the answer is the right one or out_of_memory, as a
// value, and what a write answered with out_of_memory has not happened.
#include <gtest/gtest.h>
#include <usertags/usertags.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "memory/failing_memory.hpp"

namespace usertags::test {
namespace {

usertags_text of(const char* string) {
  return usertags_text_of(string);
}

std::string_view view(usertags_text text) {
  return {text.data, text.size};
}

// Of a call: what it answers is freed.
std::int32_t code_of(usertags_error* error) {
  const std::int32_t code = usertags_error_code(error);
  EXPECT_EQ(view(usertags_error_message(error)).empty(), error == nullptr);
  usertags_error_free(error);
  return code;
}

class CMemory : public testing::TestWithParam<Sweep> {
 protected:
  CMemory() {
    EXPECT_EQ(usertags_open_in_memory(nullptr, &store_), nullptr);
    const usertags_tag tags[] = {{of("tier"), of("gold")},
                                 {of("a long key"), of("a value longer than a string's own room")}};
    EXPECT_EQ(usertags_create_user(store_, of("ada"), tags, 2, nullptr, nullptr), nullptr);
    EXPECT_EQ(usertags_batch_new(&batch_), nullptr);
  }
  ~CMemory() override {
    usertags_batch_free(batch_);
    usertags_store_free(store_);
  }
  CMemory(const CMemory&) = delete;
  CMemory& operator=(const CMemory&) = delete;

  std::uint64_t revision() {
    std::uint64_t revision = 0;
    EXPECT_EQ(usertags_revision(store_, &revision), nullptr);
    return revision;
  }

  // `call` answers `right`, or out_of_memory: then the store is at the revision before.
  void sweep(const char* what, std::int32_t right, const std::function<usertags_error*()>& call) {
    for (std::uint64_t nth = 0;; nth += 1 + nth / 64) {   // the later ones come in long runs of the same kind
      const std::uint64_t before = revision();
      name_ = "a user whose name needs memory " + std::to_string(nth) + what;
      std::int32_t code = 0;
      bool fired = false;
      {
        const FailingMemory fault(GetParam().at(nth));
        code = code_of(call());
        fired = fault.fired();
      }
      if (code == USERTAGS_OUT_OF_MEMORY) {
        EXPECT_TRUE(fired);
        EXPECT_EQ(revision(), before) << what << " " << nth;
      } else {
        EXPECT_EQ(view(usertags_code_name(code)), view(usertags_code_name(right))) << what << " " << nth;
      }
      if (HasFailure() || !fired) return;
    }
  }

  usertags_store* store_ = nullptr;
  usertags_batch* batch_ = nullptr;
  std::string name_;   // of a user whom the call may create
};

TEST_P(CMemory, EachCallAnswersAValue) {
  sweep("create", USERTAGS_OK, [&] {
    const usertags_tag tag = {of("a long key, which needs memory"), of("v")};
    usertags_applied* applied = nullptr;
    usertags_error* error = usertags_create_user(store_, of(name_.c_str()), &tag, 1, nullptr, &applied);
    if (error == nullptr) {
      EXPECT_EQ(view(usertags_user_tag(usertags_applied_user(applied), 0).value), "v");
    }
    usertags_applied_free(applied);
    return error;
  });
  sweep("batch", USERTAGS_OK, [&] {
    usertags_batch_clear(batch_);
    return usertags_batch_set(batch_, of("a key whose text needs memory"),
                              of("a value whose text needs memory"), nullptr);
  });
  sweep("refused", USERTAGS_BATCH_REFUSED, [&] {
    const usertags_tag tag = {of("a#b"), of("v")};
    return usertags_create_user(store_, of("bob"), &tag, 1, nullptr, nullptr);
  });
  sweep("find", USERTAGS_OK, [&] {
    usertags_user* user = nullptr;
    usertags_error* error = usertags_find(store_, of("ada"), &user);
    if (error == nullptr) {
      EXPECT_EQ(view(usertags_user_tag(user, 1).value), "gold");   // without memory, too
    }
    usertags_user_free(user);
    return error;
  });
  sweep("not found", USERTAGS_USER_NOT_FOUND, [&] {
    usertags_user* user = nullptr;
    return usertags_find(store_, of("nobody whom anybody knows by this name"), &user);
  });
  sweep("NULL", USERTAGS_INVALID_ARGUMENT, [&] { return usertags_find(store_, of("ada"), nullptr); });
  sweep("list", USERTAGS_OK, [&] {
    usertags_user_page* page = nullptr;
    usertags_error* error = usertags_list(store_, nullptr, &page);
    usertags_user_page_free(page);
    return error;
  });
  sweep("keys", USERTAGS_OK, [&] {
    usertags_facet_page* page = nullptr;
    usertags_error* error = usertags_tag_keys(store_, nullptr, &page);
    usertags_facet_page_free(page);
    return error;
  });
  sweep("settings", USERTAGS_OK, [&] {
    usertags_settings* settings = nullptr;
    usertags_error* error = usertags_get_settings(store_, &settings);
    std::int64_t found = 0;
    if (error == nullptr) error = usertags_settings_value(settings, of("tags_per_user"), &found);
    usertags_settings_free(settings);
    return error;
  });
  sweep("each", USERTAGS_OK, [&] {
    usertags_writes* writes = nullptr;
    usertags_outcomes* outcomes = nullptr;
    usertags_error* error = usertags_writes_new(&writes);
    if (error == nullptr)
      error = usertags_writes_add_creation(writes, of(name_.c_str()), nullptr, 0, nullptr);
    if (error == nullptr) error = usertags_writes_add_deletion(writes, of("nobody"), nullptr);
    if (error == nullptr) error = usertags_apply_each(store_, writes, &outcomes);
    if (error == nullptr && usertags_outcomes_error(outcomes, 0) == nullptr) {
      EXPECT_EQ(
          view(usertags_user_external_id(usertags_applied_user(usertags_outcomes_applied(outcomes, 0)))),
          name_);
    }
    usertags_outcomes_free(outcomes);
    usertags_writes_free(writes);
    return error;
  });
  sweep("open", USERTAGS_OK, [&] {
    usertags_store* store = nullptr;
    usertags_error* error = usertags_open_in_memory(nullptr, &store);
    usertags_store_free(store);
    return error;
  });
}

// Without a byte for the error itself, the answer still has the right code.
TEST(CMemoryError, IsAlwaysThere) {
  usertags_error* missing = nullptr;
  usertags_error* again = nullptr;
  usertags_error* refused = nullptr;
  usertags_batch* batch = nullptr;
  {
    const FailingMemory fault({.nth = 0, .sticky = true, .allocator = Allocator::cxx});
    missing = usertags_batch_new(&batch);
    again = usertags_batch_new(&batch);
    refused = usertags_close(nullptr);
    EXPECT_FALSE(view(usertags_error_message(missing)).empty());
  }
  EXPECT_EQ(usertags_error_code(missing), USERTAGS_OUT_OF_MEMORY);
  EXPECT_EQ(missing, again);
  usertags_error_free(missing);
  EXPECT_EQ(usertags_error_code(again), USERTAGS_OUT_OF_MEMORY);   // freeing it did nothing
  usertags_error_free(again);
  EXPECT_EQ(usertags_error_code(refused), USERTAGS_INVALID_ARGUMENT);   // not what kept it from saying more
  usertags_error_free(refused);
}

INSTANTIATE_TEST_SUITE_P(Sweeps, CMemory,
                         testing::Values(Sweep{Allocator::both, false}, Sweep{Allocator::both, true}),
                         testing::PrintToStringParamName());

}   // namespace
}   // namespace usertags::test
