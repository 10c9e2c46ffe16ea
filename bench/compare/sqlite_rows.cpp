// SQLite as a good engineer would write it by hand: a row a tag, a user's rows kept together by WITHOUT
// ROWID.
//
// Tuned: statements are prepared once; WAL with synchronous=FULL; reads by mmap, which spares each page a
// copy; 256 MiB of page cache, as much as the data; a checkpoint each 16 MiB instead of 4, which saves a
// fifth of an update, while more would make the pauses longer still; pages of 4 KiB, because larger ones cost
// updates more. The bulk load goes into the empty file without journal and syncs, the index is made at its
// end, and all is synced once.
#include <memory>
#include <optional>
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
    "CREATE TABLE IF NOT EXISTS user(id INTEGER PRIMARY KEY, external_id TEXT NOT NULL UNIQUE);"
    "CREATE TABLE IF NOT EXISTS user_tag(user INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (user, key)) WITHOUT ROWID;"
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";

class SqliteRows final : public Contender {
 public:
  explicit SqliteRows(const Place& place)
      : connection_(place.folder / "rows.db", kSetup), tag_index_(place.tag_index) {}

  void load(std::span<const NewUser> users) override {
    if (!loading_) begin_load();
    for (const NewUser& user : users) {
      insert_user_.bind(++last_id_, user.external_id).run();
      for (const auto& [key, value] : user.tags) insert_tag_.bind(last_id_, key, value).run();
    }
  }
  void finish_load() override {
    if (tag_index_) connection_.execute("CREATE INDEX tag ON user_tag(key, value, user)");
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
    for (find_.bind(external_id); find_.step();) sum += tag_sum(find_.text(0), find_.text(1));
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

  std::optional<std::int64_t> id_of(std::string_view external_id) {
    if (!id_.bind(external_id).step()) return {};
    const std::int64_t id = id_.integer(0);
    id_.reset();
    return id;
  }

  Answer update_one(const Update& update) {
    const auto user = id_of(update.external_id);
    if (!user) return {Outcome::no_user, 0};
    Judgement judgement(update);
    for (tags_.bind(*user); tags_.step();) judgement.see(tags_.text(0), tags_.text(1));
    const Answer answer = judgement.answer();
    if (judgement.changes(answer)) update_tag_.bind(update.value, *user, update.key).run();
    return answer;
  }

  Sqlite connection_;
  const bool tag_index_;
  bool loading_ = false;
  std::int64_t last_id_ = 0;
  Statement begin_{connection_, "BEGIN IMMEDIATE"};
  Statement commit_{connection_, "COMMIT"};
  Statement insert_user_{connection_, "INSERT INTO user VALUES (?1, ?2)"};
  Statement insert_tag_{connection_, "INSERT INTO user_tag VALUES (?1, ?2, ?3)"};
  Statement id_{connection_, "SELECT id FROM user WHERE external_id = ?1"};
  Statement tags_{connection_, "SELECT key, value FROM user_tag WHERE user = ?1"};
  Statement update_tag_{connection_, "UPDATE user_tag SET value = ?1 WHERE user = ?2 AND key = ?3"};
  Statement find_{
      connection_,
      "SELECT key, value FROM user JOIN user_tag ON user_tag.user = user.id WHERE external_id = ?1"};
  Statement count_{connection_,
                   "SELECT count(*) FROM user_tag AS a JOIN user_tag AS b ON b.user = a.user"
                   " WHERE a.key = ?1 AND a.value = ?2 AND b.key = ?3 AND b.value = ?4"};
};

}   // namespace

std::unique_ptr<Contender> make_sqlite_rows(const Place& place) {
  return std::make_unique<SqliteRows>(place);
}

}   // namespace usertags::bench
