// Rights that a process lacks: each is answered with permission_denied, and says which one is missing on
// what.
#include "store/file/rights.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;
using test::told;

struct Lack {
  const char* name;
  mode_t file, folder;
  std::function<void(const fs::path&)> prepare;   // the store, closed
  std::function<std::string(const fs::path&)> call;
  std::string answer;   // begins so, with FOLDER for the folder …
  std::string reason;   // … and has this
};

void PrintTo(const Lack& lack, std::ostream* out) {
  *out << lack.name;
}

void nothing(const fs::path&) {}

std::string write_to(const fs::path& path) {
  return told(UserTagStore::open(path));
}
std::string read_from(const fs::path& path) {
  Options options;
  options.access = Access::read_only;
  return told(UserTagStore::open(path, options));
}

// The file and its WAL, as they were copied while a writer was at work.
void leave_wal(const fs::path& path) {
  auto store = test::must(UserTagStore::open(path));
  test::must(store.create_user("bob"));
  fs::copy_file(path, path.string() + ".copy");
  fs::copy_file(path.string() + "-wal", path.string() + "-wal.copy");
  test::must(store.close());
  fs::rename(path.string() + ".copy", path);
  fs::rename(path.string() + "-wal.copy", path.string() + "-wal");
}

const Lack kLacks[] = {
    {"AFileThatMayNotBeRead", 0, 0755, nothing, read_from, "permission_denied: cannot read 'FOLDER/users.db'",
     "it may not be read"},
    {"AFileThatMayNotBeWritten", 0444, 0777, nothing, write_to,
     "permission_denied: cannot write to 'FOLDER/users.db'", "it may not be written"},
    {"AFileThatMayNotBeWrittenToAdopt", 0444, 0777, [](const fs::path&) {},
     [](const fs::path& path) { return told(UserTagStore::adopt(path)); }, "ok", ""},
    {"AFileThatIsReadOnlyIsRead", 0444, 0555, nothing, read_from, "ok", ""},
    {"AFolderInWhichNoWalCanBeMade", 0666, 0555, nothing, write_to,
     "permission_denied: cannot write to 'FOLDER/users.db'", "the folder 'FOLDER' may not be written"},
    {"AFolderInWhichNoSidecarCanBeMade", 0666, 0555,
     [](const fs::path& path) { fs::remove(path.string() + ".lock"); }, write_to,
     "permission_denied: cannot open 'FOLDER/users.db.lock'",
     "the folder 'FOLDER' may not be written by this process, and 'users.db.lock' has to be made there"},
    {"AFolderInWhichNoStoreCanBeMade", 0666, 0555, [](const fs::path& path) { fs::remove(path); }, write_to,
     "permission_denied: ", "'users.db' has to be made there"},
    {"AWalWithoutItsIndex", 0444, 0555, leave_wal, read_from,
     "permission_denied: cannot read 'FOLDER/users.db'",
     "the folder 'FOLDER' may not be written by this process, and 'users.db-shm' has to be made there"},
    {"AWalThatMayNotBeRead", 0444, 0777,
     [](const fs::path& path) {
       leave_wal(path);
       ASSERT_EQ(chmod((path.string() + "-wal").c_str(), 0), 0);
     },
     read_from, "permission_denied: cannot read 'FOLDER/users.db'", "'FOLDER/users.db-wal' may not be read"},
    {"ASidecarThatMayNotBeRead", 0666, 0777,
     [](const fs::path& path) { ASSERT_EQ(chmod((path.string() + ".lock").c_str(), 0), 0); }, write_to,
     "permission_denied: cannot open 'FOLDER/users.db.lock'", "'FOLDER/users.db.lock' may not be read"},
    {"AFolderThatMayNotBeSearched", 0666, 0, nothing, read_from, "permission_denied: ", ""},
};

class Rights : public testing::TestWithParam<Lack> {};

TEST_P(Rights, AreNamedWhereTheyAreMissing) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const test::TempDir parent;
  ASSERT_EQ(chmod(parent.path().c_str(), 0755), 0);
  const fs::path folder = fs::canonical(parent.path()) / "folder";
  fs::create_directory(folder);
  const fs::path path = folder / "users.db";
  {
    auto store = test::must(UserTagStore::open(path));
    test::must(store.create_user("ann"));
    test::must(store.close());
  }
  GetParam().prepare(path);
  if (fs::exists(path)) {
    ASSERT_EQ(chmod(path.c_str(), GetParam().file), 0);
  }
  ASSERT_EQ(chmod(folder.c_str(), GetParam().folder), 0);
  test::Child somebody([&](const test::Reporter& reporter) {
    constexpr gid_t kNobody = 65'534;
    if (setgid(kNobody) == 0 && setuid(kNobody) == 0) reporter.tell(GetParam().call(path));
  });
  const std::string answer = somebody.read_line().value_or("");
  const auto in_folder = [&](std::string text) {
    for (std::size_t at = 0; (at = text.find("FOLDER")) != std::string::npos;)
      text.replace(at, 6, folder.string());
    return text;
  };
  EXPECT_TRUE(answer.starts_with(in_folder(GetParam().answer))) << answer;
  EXPECT_TRUE(answer.contains(in_folder(GetParam().reason))) << answer;
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
}

INSTANTIATE_TEST_SUITE_P(Files, Rights, testing::ValuesIn(kLacks),
                         [](const auto& lack) { return lack.param.name; });

}   // namespace
}   // namespace usertags::store
