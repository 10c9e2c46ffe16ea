// Two processes: one writes with tokens, is killed over and over, and repeats its last requests when it comes
// back; the other, this one, follows. Every request takes effect exactly once, and the follower, the file and
// a host that has nothing but the feed come to the same users.
//
// No request could be repeated without harm: each expects the value that the one before it has left.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "model/digest.hpp"
#include "model/record.hpp"

#include "parts.hpp"
#include "running_command.hpp"
#include "support/answers.hpp"
#include "support/property.hpp"

namespace usertags::test {
namespace {

constexpr int kUsers = 97;
constexpr int kBatch = 256;     // lines that are sent before their answers are read
constexpr int kRepeated = 20;   // requests that were answered, and are repeated all the same

std::string user_of(int request) {
  return "u" + std::to_string(request % kUsers);
}

std::string line_of(int request) {
  const std::string n = std::to_string(request);
  const std::string tail = R"(,"token":"request )" + n + R"(","note":")" + n + "\"}\n";
  if (request < kUsers)
    return R"({"create":{"external_id":")" + user_of(request) + R"(","tags":{"n":")" + n + "\"}}" + tail;
  return R"({"user":")" + user_of(request) + R"(","tags":{"update":[{"key":"n","value":")" + n +
         R"(","expected_value":")" + std::to_string(request - kUsers) + "\"}]}" + tail;
}

// The writing process, through all its lives.
class Writer {
 public:
  Writer(std::string store, int requests, unsigned seed)
      : store_(std::move(store)), requests_(requests), random_(seed) {}

  // Until it has answered so many requests more, and is killed at once; or all of them, and ends in good
  // order.
  void live(int answers) {
    RunningCommand command({"stream", store_, "--init"});
    int next = std::max(0, answered_ - kRepeated);
    while (next < requests_) {
      const int end = std::min(requests_, next + kBatch);
      for (int request = next; request < end; ++request) command.write(line_of(request));
      for (; next < end; ++next) {
        if (answers-- == 0) return command.signal(SIGKILL);
        expect_done(next, command.read_line());
      }
    }
    EXPECT_EQ(command.finish().exit_code, 0);
  }

  // One of so many times, in which it comes some way.
  void live_and_die(int times) {
    live(static_cast<int>(random_() % static_cast<unsigned>(2 * requests_ / (times + times / 4 + 1))));
  }
  bool has_finished() const { return answered_ == requests_; }
  int replayed() const { return replayed_; }

 private:
  void expect_done(int request, const std::string& line) {
    const auto answer = boost::json::parse(line);
    ASSERT_TRUE(answer.as_object().contains("data")) << line_of(request) << line;
    if (at(answer, "replayed") == true) ++replayed_;
    EXPECT_TRUE(at(answer, "replayed") == true || request >= answered_) << line;
    answered_ = std::max(answered_, request + 1);
  }

  const std::string store_;
  const int requests_;
  std::mt19937 random_;
  int answered_ = 0;
  int replayed_ = 0;
};

// What a host comes to that has nothing but the feed.
class Replica {
 public:
  void take(const Change& change) {
    notes_.push_back(std::stoi(change.note));
    User& user = users_[change.user_id];
    user.external_id = change.external_id;
    user.revision = change.revision;
    for (const TagChange& tag : change.tags) {
      if (tag.value)
        user.tags[tag.key] = *tag.value;
      else
        user.tags.erase(tag.key);
    }
  }

  const std::vector<int>& notes() const { return notes_; }

  std::string digest() const {
    model::Digest digest;
    for (const auto& [id, user] : users_) {
      std::vector<Tag> tags;
      for (const auto& [key, value] : user.tags) tags.push_back({key, value});
      digest += model::user_hash(
          *model::Record::make(1, user.revision, *model::parse_user_id(id), user.external_id, tags));
    }
    return digest.hex();
  }

 private:
  struct User {
    std::string external_id;
    std::uint64_t revision = 0;
    std::map<std::string, std::string> tags;
  };
  std::map<std::string, User> users_;
  std::vector<int> notes_;
};

// Follows until it is told that nothing more will come, and nothing more has.
Replica follow(UserTagStore& follower, const std::atomic<bool>& no_more) {
  Replica replica;
  Position position;
  while (true) {
    const bool is_last_look = no_more;
    const ChangePage page = must(follower.changes(position), "changes");
    for (const Change& change : page.changes) replica.take(change);
    position = page.next;
    if (!page.changes.empty()) {
      must(follower.read_at_least(position.revision(), std::chrono::minutes(1)), "read_at_least");
    } else if (is_last_look) {
      return replica;
    } else {
      std::ignore = follower.wait_for_changes(position, std::chrono::milliseconds(20));
    }
  }
}

TEST(ExactlyOnce, EveryRequestOfAWriterThatIsKilledOverAndOver) {
  const auto seed = static_cast<unsigned>(
      number_from_environment("USERTAGS_SEED", static_cast<int>(std::random_device()() & 0x7FFFFFFF)));
  SCOPED_TRACE("USERTAGS_SEED=" + std::to_string(seed));
  const int requests = number_from_environment("USERTAGS_ONCE_REQUESTS", 4'000);
  const int kills = number_from_environment("USERTAGS_ONCE_KILLS", 15);
  const TempDir folder;
  const std::string path = (folder / "users.db").string();
  ASSERT_EQ(run({"stream", path, "--init"}).exit_code, 0);

  Options looking;
  looking.access = Access::read_only;
  auto follower = must(UserTagStore::open(path, looking));
  std::atomic<bool> no_more = false;
  Replica replica;
  std::thread following([&] { replica = follow(follower, no_more); });

  Writer writer(path, requests, seed);
  for (int kill = 0; kill < kills && !writer.has_finished(); ++kill) writer.live_and_die(kills);
  writer.live(2 * requests);
  no_more = true;
  following.join();

  EXPECT_TRUE(writer.has_finished());
  EXPECT_GT(writer.replayed(), 0) << "nothing was repeated";
  ASSERT_EQ(replica.notes().size(), static_cast<std::size_t>(requests));
  for (int request = 0; request < requests; ++request)
    ASSERT_EQ(replica.notes()[static_cast<std::size_t>(request)], request);
  const VerifyReport of_follower = must(follower.verify());
  const VerifyReport of_file = must(must(UserTagStore::open(path)).verify());
  EXPECT_TRUE(of_follower.ok() && of_file.ok());
  EXPECT_EQ(of_follower.digest, of_file.digest);
  EXPECT_EQ(replica.digest(), of_file.digest);
}

}   // namespace
}   // namespace usertags::test
