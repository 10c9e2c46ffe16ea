// Redis: a hash a user, and a set a tag with the external ids of those who have it.
//
//   u:EXTERNAL-ID   key → value, and "" → the user's version
//   t:KEY=VALUE     external ids
//
// Tuned: a group of updates goes out in one piece and is answered in one piece (pipelining); read, check and
// write of one are a script that the server keeps, as redis.io recommends it for what has to be atomic;
// appendfsync always, so that an answer is durable; no snapshots beside the log. The bulk load is logged at
// its end, by one rewrite of the log.
#include <hiredis/hiredis.h>

#include <array>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "contenders.hpp"
#include "redis_server.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

// Answers the outcome, and the user's tags afterwards.
constexpr std::string_view kUpdate = R"(
local user, key, value, expected, indexed = 'u:' .. KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local tags = redis.call('HGETALL', user)
local at, version
for i = 1, #tags, 2 do
  if tags[i] == key then at = i + 1 elseif tags[i] == '' then version = tags[i + 1] end
end
if not version then return {1} end
if expected ~= '' and expected ~= version then return {3} end
if not at then return {2} end
if tags[at] ~= value then
  redis.call('HSET', user, key, value, '', version + 1)
  if indexed == '1' then
    redis.call('SREM', 't:' .. key .. '=' .. tags[at], KEYS[1])
    redis.call('SADD', 't:' .. key .. '=' .. value, KEYS[1])
  end
  tags[at] = value
end
return {0, unpack(tags)}
)";

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view text_of(const redisReply& reply) {
  return {reply.str, reply.len};
}

// Of keys and values in turn, from the given element on.
Found found_in(const redisReply& reply, std::size_t first) {
  Found found;
  for (std::size_t i = first; i + 1 < reply.elements; i += 2) {
    const std::string_view key = text_of(*reply.element[i]);
    const std::string_view value = text_of(*reply.element[i + 1]);
    if (key.empty())
      found.version = std::stoull(std::string(value));
    else
      found.tags += tag_sum(key, value);
  }
  return found;
}

class Redis final : public Contender {
 public:
  explicit Redis(const Place& place) : server_(place.folder), indexed_(place.tag_index ? "1" : "0") {
    connect();
    script_ = text_of(*ask({"SCRIPT", "LOAD", kUpdate}));
    empty_bytes_ = memory_bytes();
  }
  ~Redis() override { redisFree(connection_); }

  void load(std::span<const NewUser> users) override {
    if (!loading_) begin_load();
    std::size_t commands = 0;
    for (const NewUser& user : users) commands += send_creation(user);
    for (; commands > 0; --commands) receive();
  }
  void finish_load() override {
    ask({"CONFIG", "SET", "appendonly", "yes"});
    settle();
    loading_ = false;
  }

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    for (const Update& update : updates) {
      const std::string expected = update.expected_version ? std::to_string(*update.expected_version) : "";
      send({"EVALSHA", script_, "1", update.external_id, update.key, update.value, expected, indexed_});
    }
    for (Answer& answer : answers) {
      const Reply reply = receive();
      answer = {static_cast<Outcome>(reply->element[0]->integer), found_in(*reply, 1).tags};
    }
  }

  Found find(std::string_view external_id) override {
    return found_in(*ask({"HGETALL", user_key(external_id)}), 0);
  }
  void find_each(std::span<const std::string> external_ids, std::span<Found> found) override {
    for (const std::string& external_id : external_ids) send({"HGETALL", user_key(external_id)});
    for (Found& each : found) each = found_in(*receive(), 0);
  }

  std::uint64_t count(Tag one, Tag other) override {
    const Reply reply =
        ask({"SINTERCARD", "2", tag_key(one.key, one.value), tag_key(other.key, other.value)});
    return static_cast<std::uint64_t>(reply->integer);
  }

  void settle() override {
    for (;;) {
      const Reply info = ask({"INFO", "persistence"});
      const std::string_view text = text_of(*info);
      if (text.find("aof_rewrite_in_progress:0") != text.npos &&
          text.find("aof_rewrite_scheduled:0") != text.npos)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::uint64_t memory_bytes() override {
    const Reply info = ask({"INFO", "memory"});
    constexpr std::string_view kField = "used_memory:";
    const std::string_view text = text_of(*info);
    return std::stoull(std::string(text.substr(text.find(kField) + kField.size(), 20))) - empty_bytes_;
  }

 private:
  static std::string user_key(std::string_view external_id) { return std::string("u:").append(external_id); }
  static std::string tag_key(std::string_view key, std::string_view value) {
    return std::string("t:").append(key).append("=").append(value);
  }

  // Waits until the server has read what it logged before.
  void connect() {
    for (int attempt = 0; attempt < 3'000 && server_.is_running(); ++attempt) {
      connection_ = redisConnect("127.0.0.1", server_.port());
      if (connection_ != nullptr && connection_->err == 0 && is_ready()) return;
      redisFree(connection_);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw Skipped("no redis-server can be started");
  }
  bool is_ready() {
    send({"PING"});
    void* reply = nullptr;
    if (redisGetReply(connection_, &reply) != REDIS_OK) return false;
    return Reply(static_cast<redisReply*>(reply))->type == REDIS_REPLY_STATUS;
  }

  void begin_load() {
    ask({"CONFIG", "SET", "appendonly", "no"});
    loading_ = true;
  }
  std::size_t send_creation(const NewUser& user) {
    std::vector<std::string> words = {"HSET", user_key(user.external_id), "", "1"};
    for (const auto& [key, value] : user.tags) words.insert(words.end(), {std::string(key), value});
    send_words(words);
    if (indexed_ == "0") return 1;
    for (const auto& [key, value] : user.tags) send({"SADD", tag_key(key, value), user.external_id});
    return 1 + user.tags.size();
  }

  template <class Words>
  void send_words(const Words& words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(connection_, static_cast<int>(texts.size()), texts.data(), sizes.data());
  }
  void send(std::initializer_list<std::string_view> words) { send_words(words); }
  Reply receive() {
    void* reply = nullptr;
    if (redisGetReply(connection_, &reply) != REDIS_OK) throw std::runtime_error("Redis does not answer");
    Reply owned(static_cast<redisReply*>(reply));
    if (owned->type == REDIS_REPLY_ERROR) throw std::runtime_error("Redis: " + std::string(text_of(*owned)));
    return owned;
  }
  Reply ask(std::initializer_list<std::string_view> words) {
    send(words);
    return receive();
  }

  RedisServer server_;
  const std::string indexed_;
  bool loading_ = false;
  redisContext* connection_ = nullptr;
  std::string script_;   // its SHA-1
  std::uint64_t empty_bytes_ = 0;
};

}   // namespace

std::unique_ptr<Contender> make_redis(const Place& place) {
  return std::make_unique<Redis>(place);
}

}   // namespace usertags::bench
