// SQLite with one row a user, the tags as one JSON object, changed by json_set(). The index from tag to user
// is a table of its own, because SQLite indexes no members of a document.
//
// Tuned as sqlite_rows.cpp is; the document is read once and changed by the row's id.
#include <memory>
#include <span>
#include <string>

#include "contenders.hpp"
#include "judgement.hpp"
#include "sqlite.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

constexpr const char* kSetup =
    "PRAGMA mmap_size=8589934592; PRAGMA cache_size=-262144; PRAGMA temp_store=MEMORY;"
    "PRAGMA wal_autocheckpoint=4000;"
    "CREATE TABLE IF NOT EXISTS user(id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE,"
    " tags TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS tag(key TEXT NOT NULL, value TEXT NOT NULL, user INTEGER NOT NULL,"
    " PRIMARY KEY (key, value, user)) WITHOUT ROWID;"
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";

class SqliteJson final : public Contender {
 public:
  explicit SqliteJson(const Place& place)
      : connection_(place.folder / "json.db", kSetup), tag_index_(place.tag_index) {}

  void load(std::span<const NewUser> users) override {
    if (!loading_) begin_load();
    for (const NewUser& user : users) insert_user_.bind(user.external_id, document(user)).run();
  }
  void finish_load() override {
    if (tag_index_) {
      connection_.execute(
          "INSERT INTO tag SELECT key, value, user.id FROM user, json_each(tags) ORDER BY 1, 2, 3");
    }
    connection_.execute(
        "COMMIT; PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)");
    loading_ = false;
  }

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    begin_.run();
    for (std::size_t i = 0; i < updates.size(); ++i) answers[i] = update_one(updates[i]);
    commit_.run();
  }

  Found find(std::string_view external_id) override {
    std::uint64_t sum = 0;
    for (find_.bind(external_id); find_.step();) sum += tag_sum(find_.text(1), find_.text(2));
    return {sum, sum};
  }

  std::uint64_t count(Tag one, Tag other) override {
    count_.bind(one.key, one.value, other.key, other.value).step();
    const auto count = static_cast<std::uint64_t>(count_.integer(0));
    count_.reset();
    return count;
  }

 private:
  void begin_load() {
    connection_.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
    loading_ = true;
  }

  // The texts of the workload need no escaping.
  static std::string document(const NewUser& user) {
    std::string json;
    for (const auto& [key, value] : user.tags)
      json.append(json.empty() ? "{\"" : ",\"").append(key).append("\":\"").append(value).append("\"");
    return json.empty() ? "{}" : json + "}";
  }

  Answer update_one(const Update& update) {
    std::int64_t user = 0;
    Judgement judgement(update);
    for (find_.bind(update.external_id); find_.step();) {
      user = find_.integer(0);
      judgement.see(find_.text(1), find_.text(2));
    }
    if (user == 0) return {Outcome::no_user, 0};
    const Answer answer = judgement.answer();
    if (judgement.changes(answer)) write(user, update, judgement.old_value());
    return answer;
  }

  void write(std::int64_t user, const Update& update, const std::string& old_value) {
    const std::string path = "$.\"" + std::string(update.key) + "\"";
    update_document_.bind(path, update.value, user).run();
    if (!tag_index_) return;
    erase_tag_.bind(update.key, old_value, user).run();
    insert_tag_.bind(update.key, update.value, user).run();
  }

  Sqlite connection_;
  const bool tag_index_;
  bool loading_ = false;
  Statement begin_{connection_, "BEGIN IMMEDIATE"};
  Statement commit_{connection_, "COMMIT"};
  Statement insert_user_{connection_, "INSERT INTO user(external_id, tags) VALUES (?1, ?2)"};
  Statement update_document_{connection_, "UPDATE user SET tags = json_set(tags, ?1, ?2) WHERE id = ?3"};
  Statement erase_tag_{connection_, "DELETE FROM tag WHERE key = ?1 AND value = ?2 AND user = ?3"};
  Statement insert_tag_{connection_, "INSERT INTO tag VALUES (?1, ?2, ?3)"};
  Statement find_{connection_,
                  "SELECT user.id, key, value FROM user, json_each(tags) WHERE external_id = ?1"};
  Statement count_{connection_,
                   "SELECT count(*) FROM tag AS a JOIN tag AS b ON b.user = a.user"
                   " WHERE a.key = ?1 AND a.value = ?2 AND b.key = ?3 AND b.value = ?4"};
};

}   // namespace

std::unique_ptr<Contender> make_sqlite_json(const Place& place) {
  return std::make_unique<SqliteJson>(place);
}

}   // namespace usertags::bench
