// diff, as a shell runs it, and the comparison behind it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <usertags/inspector.hpp>

#include "input/differences.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Diff : public testing::Test {
 protected:
  void SetUp() override {
    const std::string file =
        write_file(folder_ / "people.csv", "external_id,a,b\nu1,1,x\nu2,2,\nu3,,\nu4,4,y\n");
    ASSERT_EQ(run({"load", store_, file, "--init"}).exit_code, 0);
    ASSERT_EQ(run({"backup", store_, other_}).exit_code, 0);
  }
  void change_other() const {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"apply", other_, "u1", "--set", "a=2", "--delete", "b", "--create", "c=3"},
             {"delete-user", other_, "u2"},
             {"create-user", other_, "u5", "--set", "a=5"}}) {
      ASSERT_EQ(run(arguments).exit_code, 0);
    }
  }
  static std::vector<std::string> sorted_lines(const std::string& text) {
    auto lines = lines_of(text);
    std::ranges::sort(lines);
    return lines;
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
  const std::string other_ = (folder_ / "other.db").string();
};

TEST_F(Diff, OfACopyIsNothing) {
  for (const char* other : {other_.c_str(), store_.c_str()}) {
    const Finished same = run({"diff", store_, other, "--exact"});
    EXPECT_EQ(same.exit_code, 0) << same.err;
    EXPECT_EQ(same.out, "the same: 4 users\n");
    const Finished json = run({"diff", store_, other, "--json"});
    EXPECT_EQ(json.exit_code, 0);
    EXPECT_EQ(json.out + json.err, "");
  }
}

TEST_F(Diff, IsWhatWouldMakeOneTheOther) {
  change_other();
  const Finished json = run({"diff", store_, other_, "--json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(sorted_lines(json.out),
            (std::vector<std::string>{
                R"({"external_id":"u1","kind":"patched","tags":{"a":"2","b":null,"c":"3"},)"
                R"("before":{"a":"1","b":"x","c":null}})",
                R"({"external_id":"u2","kind":"deleted","tags":{"a":null},"before":{"a":"2"}})",
                R"({"external_id":"u5","kind":"created","tags":{"a":"5"},"before":{"a":null}})"}));
  const Finished people = run({"diff", store_, other_});
  EXPECT_EQ(people.exit_code, 1);
  EXPECT_EQ(people.out,
            "KIND     EXTERNAL ID  TAGS\n"
            "patched  u1           a=2 (was 1) !b (was x) c=3\n"
            "created  u5           a=5\n"
            "deleted  u2           !a (was 2)\n"
            "3 of 5 users differ\n");
  EXPECT_EQ(objects_of(run({"diff", other_, store_, "--json"}).out).size(), 3U);
}

// A dump that is loaded has other ids and revisions, and the same users.
TEST_F(Diff, TellsTheSameUsersFromTheSameStore) {
  const std::string loaded = (folder_ / "loaded.db").string();
  const std::string dump = run({"dump", store_}).out;
  ASSERT_EQ(run({"load", loaded, "-", "--format", "jsonl", "--init"}, dump).exit_code, 0);
  EXPECT_EQ(run({"diff", store_, loaded}).exit_code, 0);
  const Finished exact = run({"diff", store_, loaded, "--exact"});
  EXPECT_EQ(exact.exit_code, 1);
  EXPECT_EQ(lines_of(exact.out).back(), "4 of 4 users differ");
}

// What only the log of a live store has counts, and no byte of it changes.
TEST_F(Diff, WorksBesideAWriterAndChangesNoByte) {
  RunningCommand writer({"stream", other_});
  writer.write(R"({"user":"u1","tags":{"set":[{"key":"a","value":"9"}]}})"
               "\n");
  writer.read_line();
  const auto bytes = [&] {
    return read_file(store_) + '|' + read_file(other_) + '|' + read_file(other_ + "-wal");
  };
  const std::string before = bytes();
  const Finished json = run({"diff", store_, other_, "--json"});
  EXPECT_EQ(json.exit_code, 1) << json.err;
  EXPECT_EQ(json.out, R"({"external_id":"u1","kind":"patched","tags":{"a":"9"},"before":{"a":"1"}})"
                      "\n");
  EXPECT_EQ(bytes(), before);
}

TEST_F(Diff, NamesWhatIsNoStore) {
  const std::string none = (folder_ / "none.db").string();
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"diff", store_, none, "--json"},
                                                                     {"diff", none, store_, "--json"}}) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 3);
    EXPECT_EQ(text_at(boost::json::parse(finished.err), "error.code"), "not_a_store");
  }
  EXPECT_EQ(run({"diff", store_}).exit_code, 2);
}

// However little memory there is for users, each is compared once.
TEST_F(Diff, OfStoresThatDoNotFitInMemoryIsTheSame) {
  std::string lines;
  for (int n = 0; n < 300; ++n)
    lines += R"({"external_id":"n)" + std::to_string(n) + R"(","tags":[{"key":"n","value":")" +
             std::to_string(n) + "\"}]}\n";
  for (const std::string& path : {store_, other_})
    ASSERT_EQ(run({"load", path, "-", "--format", "jsonl"}, lines).exit_code, 0);
  change_other();
  const auto first = Inspector::open(store_);
  const auto second = Inspector::open(other_);
  ASSERT_TRUE(first && second);
  for (const std::size_t bytes : {1UL, 5'000UL, 50'000'000UL}) {
    std::vector<std::string> names;
    const auto compared = command::compare(*first, *second, {.bytes = bytes}, [&](const Change& change) {
      names.push_back(change.external_id);
    });
    ASSERT_TRUE(compared);
    EXPECT_EQ(compared->users, 305U) << bytes;
    EXPECT_EQ(compared->different, 3U) << bytes;
    EXPECT_TRUE(compared->at_one_moment);
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"u1", "u2", "u5"})) << bytes;
  }
}

}   // namespace
}   // namespace usertags::test
