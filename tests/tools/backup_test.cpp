// Commands backup and compact: what they answer, what they refuse, and that ^C leaves everything as it was.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

// Of so many users, about a KiB in the file each.
void make_store(const std::string& path, int users) {
  Options options;
  options.durability = Durability::relaxed;
  auto store = UserTagStore::open(path, options).value();
  const std::string value(200, 'v');
  std::vector<Write> writes;
  for (int n = 0; n < users; ++n) {
    writes.push_back(CreateUser{std::to_string(n), {{"a", value}, {"b", value}}, {}});
  }
  for (const auto& created : store.apply_each(writes)) created.value();
  store.close().value();
}

class Care : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(copies_))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }

  // Runs the command and interrupts it in the midst of its work, once it can be seen that it is there. It is
  // stopped for that, and tried again where it was faster all the same.
  static Finished run_interrupted(const std::vector<std::string>& arguments,
                                  const std::function<bool(pid_t)>& is_at_work) {
    for (int attempt = 1;; ++attempt) {
      RunningCommand command(arguments);
      interrupt(command, is_at_work);
      Finished finished = command.finish();
      if (finished.exit_code != 0 || attempt == 20) return finished;
    }
  }
  static void interrupt(RunningCommand& command, const std::function<bool(pid_t)>& is_at_work) {
    siginfo_t change{};
    const auto id = static_cast<id_t>(command.pid());
    while (!is_at_work(command.pid())) {
      waitid(P_PID, id, &change, WEXITED | WNOHANG | WNOWAIT);
      if (change.si_pid != 0) return;
    }
    command.signal(SIGSTOP);
    waitid(P_PID, id, &change, WEXITED | WSTOPPED | WNOWAIT);
    if (change.si_code == CLD_STOPPED && is_at_work(command.pid())) command.signal(SIGINT);
    command.signal(SIGCONT);
  }
  // Whether SQLite has a temporary file open, as it has in the first half of a VACUUM.
  static bool has_temporary_file(pid_t pid) {
    std::error_code ended;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", ended)) {
      if (fs::read_symlink(entry, ended).string().find("/etilqs_") != std::string::npos) return true;
    }
    return false;
  }

  TempDir folder_{memory_folder()};
  const std::string store_ = (folder_ / "users.db").string();
  const fs::path copies_ = folder_ / "copies";
  const std::string copy_ = (copies_ / "copy.db").string();

 private:
  void SetUp() override { fs::create_directory(copies_); }
};

TEST_F(Care, BackupSaysWhatItMade) {
  make_store(store_, 100);
  const Finished done = run({"backup", store_, copy_, "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.err, "");
  const auto answer = boost::json::parse(done.out);
  EXPECT_EQ(text_at(answer, "path"), copy_);
  EXPECT_EQ(number_at(answer, "bytes"), static_cast<std::int64_t>(fs::file_size(copy_)));
  EXPECT_EQ(number_at(answer, "revision"), 100);
  EXPECT_EQ(answer.as_object().size(), 3U);
  EXPECT_EQ(names(), std::vector<std::string>{"copy.db"});
  EXPECT_EQ(run({"dump", copy_}).out, run({"dump", store_}).out);
  EXPECT_EQ(run({"verify", copy_}).exit_code, 0);
}

TEST_F(Care, BackupTellsPeopleInOneLine) {
  make_store(store_, 1'500);
  const Finished done = run({"backup", store_, copy_});
  EXPECT_EQ(done.out.substr(0, done.out.find(" MiB")).find("copied to " + copy_ + ": "), 0U) << done.out;
  EXPECT_NE(done.out.find(", revision 1500\n"), std::string::npos) << done.out;
}

TEST_F(Care, BackupWorksBesideAWriterAndChangesNoByteOfTheStore) {
  make_store(store_, 100);
  RunningCommand writer({"stream", store_});
  writer.write("{\"create\":{\"external_id\":\"new\"}}\n");
  writer.read_line();
  const std::string before = read_file(store_) + '|' + read_file(store_ + "-wal");
  EXPECT_EQ(number_at(boost::json::parse(run({"backup", store_, copy_, "--json"}).out), "revision"), 101);
  EXPECT_EQ(read_file(store_) + '|' + read_file(store_ + "-wal"), before);
}

TEST_F(Care, BackupRefusesWhatItWouldHarm) {
  make_store(store_, 1);
  const auto code_of = [&](const std::string& target) {
    const Finished refused = run({"backup", store_, target, "--force", "--json"});
    EXPECT_EQ(refused.out, "");
    return std::to_string(refused.exit_code) + ' ' + text_at(boost::json::parse(refused.err), "error.code");
  };
  EXPECT_EQ(code_of(store_), "2 invalid_argument");
  EXPECT_EQ(code_of(store_ + ".lock"), "2 invalid_argument");
  EXPECT_EQ(code_of(write_file(folder_ / "text", "words")), "3 not_a_store");
  EXPECT_EQ(code_of((folder_ / "missing" / "copy.db").string()), "3 io_error");
  EXPECT_EQ(read_file(folder_ / "text"), "words");

  make_store(copy_, 1);
  const std::string old = read_file(copy_);
  const Finished unforced = run({"backup", store_, copy_});
  EXPECT_EQ(unforced.exit_code, 2);
  EXPECT_NE(unforced.err.find("--force"), std::string::npos) << unforced.err;
  EXPECT_EQ(read_file(copy_), old);
  EXPECT_EQ(run({"backup", store_, copy_ + "-wal"}).exit_code, 2);
  EXPECT_EQ(run({"backup", store_, copy_, "--force"}).exit_code, 0);

  RunningCommand writer({"stream", copy_});
  writer.write("{\"create\":{\"external_id\":\"new\"}}\n");
  writer.read_line();
  EXPECT_EQ(code_of(copy_), "3 store_locked");
}

TEST_F(Care, BackupOfNoStoreMakesNothing) {
  const Finished failed = run({"backup", store_, copy_, "--json"});
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(text_at(boost::json::parse(failed.err), "error.code"), "not_a_store");
  EXPECT_TRUE(names().empty());
}

TEST_F(Care, BackupEndsOnInterruptionAndLeavesTheOldCopy) {
  make_store(store_, 40'000);
  ASSERT_EQ(run({"backup", store_, copy_}).exit_code, 0);
  const std::string old = read_file(copy_);
  const Finished finished = run_interrupted({"backup", store_, copy_, "--force"}, [this](pid_t) {
    return std::ranges::any_of(names(),
                               [](const auto& name) { return name.starts_with(".usertags-backup-"); });
  });
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_EQ(finished.out + finished.err, "");
  EXPECT_EQ(names()[0], "copy.db");
  EXPECT_LE(names().size(), 2U) << "and its sidecar, where a copy was replaced before";
  EXPECT_TRUE(read_file(copy_) == old);
}

TEST_F(Care, CompactSaysBytesBeforeAndAfter) {
  make_store(store_, 1'000);
  std::string deletions;
  for (int n = 0; n < 900; ++n) deletions += "{\"delete\":\"" + std::to_string(n) + "\"}\n";
  ASSERT_EQ(run({"stream", store_}, deletions).exit_code, 0);
  const auto before = static_cast<std::int64_t>(fs::file_size(store_));
  const std::string users = run({"dump", store_}).out;
  const Finished done = run({"compact", store_, "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto answer = boost::json::parse(done.out);
  EXPECT_EQ(text_at(answer, "path"), store_);
  EXPECT_EQ(number_at(answer, "bytes_before"), before);
  EXPECT_EQ(number_at(answer, "bytes_after"), static_cast<std::int64_t>(fs::file_size(store_)));
  EXPECT_LT(number_at(answer, "bytes_after"), before);
  EXPECT_EQ(run({"dump", store_}).out, users);
  EXPECT_EQ(run({"verify", store_}).exit_code, 0);
  EXPECT_NE(run({"compact", store_}).out.find("iB before, "), std::string::npos);
}

TEST_F(Care, CompactMakesNoStore) {
  EXPECT_EQ(run({"compact", store_}).exit_code, 3);
  EXPECT_FALSE(fs::exists(store_));
}

TEST_F(Care, CompactEndsOnInterruptionAndLosesNothing) {
  make_store(store_, 40'000);
  const Finished finished = run_interrupted({"compact", store_}, has_temporary_file);
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_EQ(finished.out + finished.err, "");
  EXPECT_FALSE(fs::exists(store_ + "-wal"));
  EXPECT_EQ(run({"verify", store_}).exit_code, 0);
  EXPECT_EQ(run({"count", store_, ""}).out.substr(0, 6), "40,000");
}

}   // namespace
}   // namespace usertags::test
