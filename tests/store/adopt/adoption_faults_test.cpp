// Every operation on a file fails in turn while foreign changes are adopted: they are adopted as a whole, or
// the file is as before, and only outcome_unknown leaves open which.
#include <sqlite3.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/adopt/adoption_fixture.hpp"
#include "support/fault_vfs.hpp"

namespace usertags::test {
namespace {

const NamedFault kFaults[] = {
    {"AWriteFails", {.operation = FileOperation::write, .result = SQLITE_IOERR_WRITE}},
    {"AWriteIsTorn", {.operation = FileOperation::write, .result = SQLITE_IOERR_WRITE, .torn = true}},
    {"WritesFailFromThenOn",
     {.operation = FileOperation::write, .sticky = true, .result = SQLITE_IOERR_WRITE}},
    {"TheDiskIsFull",
     {.operation = FileOperation::write, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"ASyncFails", {.operation = FileOperation::sync, .result = SQLITE_IOERR_FSYNC}},
    {"SyncsFailFromThenOn", {.operation = FileOperation::sync, .sticky = true, .result = SQLITE_IOERR_FSYNC}},
    {"AReadFails", {.operation = FileOperation::read, .result = SQLITE_IOERR_READ}},
    {"AnOpenFails", {.operation = FileOperation::open, .result = SQLITE_CANTOPEN}},
    {"ATruncateFails", {.operation = FileOperation::truncate, .result = SQLITE_IOERR_TRUNCATE}},
    {"ARemoveFails", {.operation = FileOperation::remove, .result = SQLITE_IOERR_DELETE}},
};

class AdoptionFaults : public AdoptionTest, public testing::WithParamInterface<NamedFault> {
 protected:
  // So many changes that the WAL gets many pages.
  AdoptionFaults() {
    {
      auto store = must(UserTagStore::open(path_, relaxed()));
      std::vector<Write> writes;
      for (int n = 0; n < 300; ++n)
        writes.push_back(CreateUser{std::to_string(n), {{"n", std::string(150, 'x')}}, {}});
      for (const auto& answer : store.apply_each(writes)) must(answer);
      must(store.close());
    }
    run(R"(UPDATE user SET tags = json_set(tags, '$.m', 'edited') WHERE ordinal % 3 = 1;
           UPDATE user SET tags = NULL WHERE ordinal % 3 = 2;
           INSERT INTO user SELECT ordinal + 1000, id, 'new ' || ordinal, 1, 0, '{}' FROM user WHERE ordinal < 50)");
    image_ = file_bytes(path_);
    after_ = shown_by_views(path_);
  }

  // Whether what is in the file now was adopted; opens it only then.
  bool is_adopted() const {
    const Adoption rest = must(adopt({.dry_run = true}));
    EXPECT_EQ(rest.changes.size(), rest.adopted ? 0U : 249U);
    return rest.adopted;
  }
  void expect_after() const {
    const auto store = must(UserTagStore::open(path_, relaxed()));
    EXPECT_EQ(shown_by(store), after_);
    EXPECT_EQ(store.revision(), 549U);
    EXPECT_TRUE(must(store.verify()).ok());
  }

  std::pair<std::string, std::string> image_;
  Shown after_;
};

TEST_P(AdoptionFaults, LeaveAllOrNothing) {
  std::uint64_t refused = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    put_back(image_);
    FaultVfs vfs;
    vfs.arm(GetParam().at(nth));
    const auto answer = adopt();
    const bool fired = vfs.fired() > 0;
    vfs.disarm();
    if (!answer) ++refused;
    const bool is_unknown = code_of(answer) == ErrorCode::outcome_unknown;
    if (is_unknown) {
      EXPECT_EQ(answer.error().intended_revision(), 549U);
    }
    const bool adopted = is_adopted();
    EXPECT_TRUE(adopted == answer.has_value() || is_unknown) << nth << ": " << told(answer);
    if (!adopted) must(adopt());
    expect_after();
    if (!fired) break;
  }
  RecordProperty("refused", static_cast<int>(refused));
}

INSTANTIATE_TEST_SUITE_P(Every, AdoptionFaults, testing::ValuesIn(kFaults),
                         [](const auto& kind) { return kind.param.name; });

}   // namespace
}   // namespace usertags::test
