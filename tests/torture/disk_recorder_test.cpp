#include "torture/disk_recorder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::torture {
namespace {

using Kind = DiskOperation::Kind;
using test::must;
using test::StockSqlite;

class DiskRecorderTest : public testing::Test {
 protected:
  // Such as "create -wal", "write 24 at 32", "sync -wal, folder".
  std::vector<std::string> lines(const DiskRecorder& recorder, std::size_t from = 0) const {
    static constexpr const char* kKinds[] = {"create", "remove", "write", "truncate", "sync", "failed sync"};
    std::vector<std::string> lines;
    const auto& operations = recorder.record().operations;
    for (std::size_t i = from; i < operations.size(); ++i) {
      const DiskOperation& one = operations[i];
      std::string line =
          std::string(kKinds[static_cast<std::size_t>(one.kind)]) + ' ' + std::to_string(one.file);
      if (one.kind == Kind::create || one.kind == Kind::remove) line += " \"" + one.name + '"';
      if (one.kind == Kind::write) line += ": " + std::to_string(one.bytes.size());
      if (one.kind == Kind::write || one.kind == Kind::truncate) line += " at " + std::to_string(one.offset);
      lines.push_back(line + (one.syncs_folder ? ", folder" : ""));
    }
    return lines;
  }
  static constexpr int kMake = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  using Lines = std::vector<std::string>;

  test::TempDir folder_{test::memory_folder()};
  std::filesystem::path path_ = folder_ / "store";
};

TEST_F(DiskRecorderTest, SeesWhatACommitOfAWalDoes) {
  {
    StockSqlite(path_, kMake).query("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
  }
  const DiskImage before = image_of(path_);
  EXPECT_EQ(before.size(), 1U) << "the last connection has removed the WAL";
  DiskRecorder recorder(path_, before);
  {
    StockSqlite stock(path_);
    stock.run("PRAGMA synchronous = FULL; INSERT INTO t VALUES (1)");
    EXPECT_EQ(lines(recorder), (Lines{"create 1 \"-wal\"", "write 1: 32 at 0", "sync 1, folder",
                                      "write 1: 24 at 32", "write 1: 512 at 56", "sync 1"}));
    const std::size_t seen = recorder.operations();
    stock.run("PRAGMA synchronous = NORMAL; INSERT INTO t VALUES (2)");
    EXPECT_EQ(lines(recorder, seen), (Lines{"write 1: 24 at 568", "write 1: 512 at 592"}));
    stock.run("PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(lines(recorder, seen + 2),
              (Lines{"sync 1", "write 0: 512 at 512", "truncate 0 at 1024", "sync 0", "truncate 1 at 0"}));
  }
  EXPECT_EQ(lines(recorder).back(), "remove 1 \"-wal\"");
}

TEST_F(DiskRecorderTest, SeesARollbackJournal) {
  DiskRecorder recorder(path_, {});
  {
    StockSqlite(path_, kMake).run("PRAGMA synchronous = FULL; PRAGMA page_size = 512; CREATE TABLE t (a)");
  }
  const Lines seen = lines(recorder);
  EXPECT_EQ(seen.front(), "create 0 \"\"");
  EXPECT_EQ(std::ranges::count(seen, "create 1 \"-journal\""), 1);
  EXPECT_EQ(std::ranges::count(seen, "sync 1, folder"), 1) << "the first sync of the journal only";
  EXPECT_EQ(seen.back(), "remove 1 \"-journal\"") << "which is not synced";
}

TEST_F(DiskRecorderTest, SeesNothingOfOtherFiles) {
  DiskRecorder recorder(path_, {});
  {
    StockSqlite(folder_ / "other", kMake).run("CREATE TABLE t (a)");
  }
  {
    StockSqlite(path_.string() + "2", kMake).run("CREATE TABLE t (a)");
  }
  EXPECT_EQ(recorder.operations(), 0U);
}

TEST_F(DiskRecorderTest, AFailedSyncIsToldAsOne) {
  DiskRecorder recorder(path_, {});
  test::FaultVfs faults;
  faults.on_failed_sync([&](test::FileRole role) { recorder.fail_sync(name_of(role)); });
  auto store = must(UserTagStore::open(path_));
  const std::size_t seen = recorder.operations();
  faults.arm({.operation = test::FileOperation::sync, .result = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(test::code_of(store.create_user("ann")), ErrorCode::outcome_unknown);
  EXPECT_EQ(recorder.record().operations.back().kind, Kind::failed_sync);
  EXPECT_GT(recorder.operations(), seen + 1);
}

}   // namespace
}   // namespace usertags::torture
