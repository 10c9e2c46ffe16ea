#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <thread>
#include <type_traits>
#include <usertags/error.hpp>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "model/failure.hpp"

namespace usertags {
namespace {

static_assert(sizeof(Error) <= 16);
static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_move_constructible_v<Error>);
static_assert(std::is_nothrow_copy_assignable_v<Error> && std::is_nothrow_move_assignable_v<Error>);
static_assert(std::is_nothrow_constructible_v<Error, ErrorCode>);
static_assert(std::is_nothrow_constructible_v<Error, ErrorCode, std::string&&>);
static_assert(std::is_nothrow_constructible_v<Error, ErrorCode, Error::Details&&>);
static_assert(std::is_convertible_v<ErrorCode, Error>);
static_assert(!std::is_default_constructible_v<Error>);

// Those that have a name; enum_names_test.cpp has the list.
const int kCodes = [] {
  int codes = 0;
  while (to_string(static_cast<ErrorCode>(codes)) != "unknown") ++codes;
  return codes;
}();

TEST(Error, MadeFromACodeNamesNothing) {
  const Error error = ErrorCode::busy;
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_EQ(error, ErrorCode::busy);
  EXPECT_FALSE(error == ErrorCode::timeout);
  EXPECT_TRUE(error.violations().empty());
  EXPECT_EQ(error.existing_id(), "");
  EXPECT_EQ(error.current_revision(), std::nullopt);
  EXPECT_EQ(error.intended_revision(), std::nullopt);
  EXPECT_EQ(error.floor(), std::nullopt);
  EXPECT_EQ(error.holder_pid(), std::nullopt);
  EXPECT_EQ(error.position(), std::nullopt);
  EXPECT_EQ(error.system_error(), std::nullopt);
}

Error::Details all_details() {
  return {.what = "what happened",
          .violations = {Violation{}},
          .existing_id = "user_01h455vb4pex5vsknk084sn02q",
          .current_revision = 1,
          .intended_revision = 2,
          .floor = 3,
          .holder_pid = 4,
          .position = 5,
          .system_error = EIO};
}

void expect_all_details(const Error& error) {
  EXPECT_EQ(error.violations().size(), 1u);
  EXPECT_EQ(error.existing_id(), "user_01h455vb4pex5vsknk084sn02q");
  EXPECT_EQ(error.current_revision(), 1u);
  EXPECT_EQ(error.intended_revision(), 2u);
  EXPECT_EQ(error.floor(), 3u);
  EXPECT_EQ(error.holder_pid(), 4);
  EXPECT_EQ(error.position(), 5u);
  EXPECT_EQ(error.system_error(), EIO);
}

TEST(Error, GivesWhatItNames) {
  expect_all_details({ErrorCode::io_error, all_details()});
}

TEST(Error, CopiesShareWhatTheyName) {
  std::vector<Error> copies;
  {
    const Error error(ErrorCode::io_error, all_details());
    copies.reserve(3);
    const std::size_t before = test::allocations();
    copies.assign(3, error);
    EXPECT_EQ(test::allocations(), before);
    EXPECT_EQ(copies[0].existing_id().data(), error.existing_id().data());
  }
  for (const Error& copy : copies) expect_all_details(copy);
}

TEST(Error, CanBeAssignedAndMoved) {
  Error error(ErrorCode::io_error, all_details());
  const Error& same = error;
  error = same;
  expect_all_details(error);
  Error moved = std::move(error);
  expect_all_details(moved);
  EXPECT_EQ(error.code(), ErrorCode::io_error);   // NOLINT(bugprone-use-after-move): a code and no details
  EXPECT_EQ(error.existing_id(), "");             // NOLINT(bugprone-use-after-move)
  error = moved;
  expect_all_details(error);
  error = ErrorCode::busy;
  EXPECT_EQ(error, ErrorCode::busy);
  EXPECT_EQ(error.existing_id(), "");
  expect_all_details(moved);
}

TEST(Error, IsCountedFromManyThreads) {
  const Error error(ErrorCode::io_error, all_details());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([copy = error] {
      for (int round = 0; round < 10'000; ++round) {
        const Error mine = copy;
        ASSERT_EQ(mine.floor(), 3u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  expect_all_details(error);
}

TEST(Error, LeavesDetailsOutWhereThereIsNoMemory) {
  Error::Details details = all_details();
  std::string what = "there is something to say, in more than a few letters";
  const auto make = [&] {
    const test::NoMemory no_memory;
    return std::pair(Error(ErrorCode::disk_full, std::move(details)),
                     Error(ErrorCode::busy, std::move(what)));
  };
  const auto [disk_full, busy] = make();
  EXPECT_EQ(disk_full, ErrorCode::disk_full);
  EXPECT_EQ(disk_full.floor(), std::nullopt);
  EXPECT_EQ(busy, ErrorCode::busy);
  EXPECT_EQ(busy.message(), Error(ErrorCode::busy).message());
}

TEST(Error, IsTheErrorOfAResult) {
  const auto refused = []() -> Result<int> { return std::unexpected(ErrorCode::busy); }();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), ErrorCode::busy);
}

TEST(ErrorMessage, IsWhatWasGivenAndWhatToDo) {
  const Error busy(ErrorCode::busy, "the WAL is pinned");
  EXPECT_EQ(busy.what(), "the WAL is pinned");
  EXPECT_EQ(busy.message(), "the WAL is pinned; try again later");
  const Error pinned(ErrorCode::busy,
                     Error::Details{.what = "the WAL is pinned", .remedy = "end the reader"});
  EXPECT_EQ(pinned.what(), "the WAL is pinned");
  EXPECT_EQ(pinned.message(), "the WAL is pinned; end the reader");
  EXPECT_EQ(Error(ErrorCode::user_not_found, "nobody").message(), "nobody")
      << "its words say what to correct";
}

TEST(ErrorMessage, IsOneLineOfItsOwnForEveryCode) {
  std::vector<std::string> messages;
  for (int i = 0; i < kCodes; ++i) {
    const std::string message = Error(static_cast<ErrorCode>(i)).message();
    SCOPED_TRACE(message);
    EXPECT_NE(message, "unknown error");
    EXPECT_GT(message.size(), 10u);
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_NE(message.back(), '.');
    EXPECT_EQ(std::ranges::find(messages, message), messages.end());
    messages.push_back(message);
  }
}

TEST(ErrorMessage, HasANameAndARemedyForEveryCode) {
  for (int i = 0; i < kCodes; ++i) {
    const Error error = static_cast<ErrorCode>(i);
    EXPECT_NE(to_string(error.code()), "unknown") << i;
    EXPECT_TRUE(error.message().starts_with(error.what() + "; ")) << error.message();
    EXPECT_GT(error.message().size(), error.what().size() + 5) << error.message();
  }
}

TEST(ErrorMessage, IsOneLineWhateverItWasGiven) {
  const Error error(ErrorCode::io_error, Error::Details{.what = "page 1\npage 2\r\x1b[31m \xFF\u0085\u2028é",
                                                        .remedy = "first this\nthen that"});
  EXPECT_EQ(error.message(),
            "page 1\\x0apage 2\\x0d\\x1b[31m \\xff\\xc2\\x85\\xe2\\x80\\xa8é; "
            "first this\\x0athen that");
}

TEST(ErrorMessage, SaysWhatToDo) {
  EXPECT_EQ(Error(ErrorCode::store_failed).message(),
            "the store stopped after an earlier failure; open it again");
  EXPECT_EQ(Error(ErrorCode::busy).message(), "the store is busy and nothing was applied; try again later");
}

TEST(ErrorMessage, NamesTheDetails) {
  const auto message = [](ErrorCode code, Error::Details details) {
    return Error(code, std::move(details)).message();
  };
  EXPECT_EQ(message(ErrorCode::user_exists, {.existing_id = "user_x"}),
            "the external id is taken (by user_x); use that user, or another external id");
  EXPECT_EQ(
      message(ErrorCode::revision_mismatch, {.current_revision = 7}),
      "the user is not at the revision expected (current revision 7); read the user again and decide anew");
  EXPECT_EQ(
      message(ErrorCode::store_locked, {.holder_pid = 4711}),
      "another process has the store open for writing (process 4711); close it there, or open it read-only");
  EXPECT_EQ(message(ErrorCode::history_pruned, {.floor = 12}),
            "the changes asked for are no longer kept (oldest kept revision 12); "
            "read the users as they are, and follow from there");
  EXPECT_EQ(message(ErrorCode::invalid_selector, {.position = 0}),
            "the selector cannot be parsed (at byte 0); correct it there");
  EXPECT_EQ(message(ErrorCode::outcome_unknown, {.intended_revision = 9}),
            "the commit failed, and may or may not have reached the disk (intended revision 9); "
            "open the store again: at the intended revision, or above it, the write was applied");
  EXPECT_NE(message(ErrorCode::io_error, {.system_error = EIO}).find("Input/output error"),
            std::string::npos);
}

TEST(ErrorMessage, NamesEveryDetailThereIs) {
  Error::Details details = all_details();
  details.what.clear();
  details.violations.clear();
  EXPECT_EQ(Error(ErrorCode::timeout, details).message(),
            "the time given ran out, and nothing was applied (by user_01h455vb4pex5vsknk084sn02q, current "
            "revision 1, "
            "intended revision 2, oldest kept revision 3, process 4, at byte 5, "
            "system error: Input/output error); try again, or give more");
}

TEST(ErrorMessage, ListsTheViolations) {
  Violation exists;
  exists.reason = Violation::Reason::key_exists;
  exists.subject = Violation::Subject::key;
  exists.index = 0;
  exists.operation = OperationKind::create;
  exists.key = "department";
  exists.current = "sales";
  EXPECT_EQ(Error(ErrorCode::batch_refused, Error::Details{.violations = {exists}}).message(),
            R"(nothing was applied: 1 violation: create department: key_exists (now "sales"))");
  EXPECT_EQ(
      Error(ErrorCode::batch_refused, Error::Details{.what = "line 3", .violations = {exists}}).message(),
      R"(line 3: 1 violation: create department: key_exists (now "sales"))");
}

TEST(Failure, CarriesAnError) {
  try {
    model::fail(ErrorCode::corrupt_store, "page 7 is torn");
  } catch (const model::Failure& failure) {
    EXPECT_EQ(failure.error, ErrorCode::corrupt_store);
    EXPECT_EQ(failure.error.what(), "page 7 is torn");
    return;
  }
  FAIL();
}

}   // namespace
}   // namespace usertags
