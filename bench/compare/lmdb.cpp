// LMDB: one pair a tag, under the user's external id, and one entry a tag and user in the index.
//
//   tag     external id NUL key      → value        external id NUL → "" says that there is such a user
//   index   key NUL value            → external ids, as sorted duplicates
//
// A user's tags lie side by side, so that one descent finds them all.
//
// Tuned: one synced transaction a group; the read transaction and its cursors are kept and renewed; the bulk
// load appends in order, the index from sorted entries, in one transaction. Without MDB_WRITEMAP, with which
// a sync of the whole map makes an update cost twice as much.
#include <lmdb.h>

#include <algorithm>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common_users.hpp"
#include "contenders.hpp"
#include "judgement.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

constexpr std::size_t kMapBytes = std::size_t{64} << 30;

void check(int code) {
  if (code != MDB_SUCCESS) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(code));
}
bool found(int code) {
  if (code == MDB_NOTFOUND) return false;
  check(code);
  return true;
}

MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
std::string_view text_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

std::string pair_of(std::string_view one, std::string_view other) {
  return std::string(one).append(1, '\0').append(other);
}

class Lmdb final : public Contender {
 public:
  explicit Lmdb(const Place& place) : tag_index_(place.tag_index) {
    check(mdb_env_create(&environment_));
    check(mdb_env_set_mapsize(environment_, kMapBytes));
    check(mdb_env_set_maxdbs(environment_, 2));
    check(mdb_env_open(environment_, place.folder.c_str(), 0, 0644));
    MDB_txn* const transaction = begin();
    check(mdb_dbi_open(transaction, "tag", MDB_CREATE, &tags_));
    check(mdb_dbi_open(transaction, "index", MDB_CREATE | MDB_DUPSORT, &index_));
    check(mdb_txn_commit(transaction));
    begin_reading();
  }
  ~Lmdb() override {
    mdb_cursor_close(reading_tags_);
    mdb_cursor_close(reading_index_);
    mdb_cursor_close(reading_other_);
    mdb_txn_abort(reading_);
    mdb_env_close(environment_);
  }

  void load(std::span<const NewUser> users) override {
    if (loading_ == nullptr) loading_ = begin();
    for (const NewUser& user : users) {
      append(tags_, pair_of(user.external_id, ""), "", MDB_APPEND);
      for (const auto& [key, value] : user.tags) {
        append(tags_, pair_of(user.external_id, key), value, MDB_APPEND);
        if (tag_index_) entries_.emplace_back(pair_of(key, value), user.external_id);
      }
    }
  }
  void finish_load() override {
    std::ranges::sort(entries_);
    for (const auto& [tag, user] : entries_) append(index_, tag, user, MDB_APPENDDUP);
    entries_ = {};
    check(mdb_txn_commit(std::exchange(loading_, nullptr)));
  }

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    MDB_txn* const transaction = begin();
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(transaction, tags_, &cursor));
    for (std::size_t i = 0; i < updates.size(); ++i) answers[i] = update_one(transaction, cursor, updates[i]);
    mdb_cursor_close(cursor);
    check(mdb_txn_commit(transaction));
  }

  Found find(std::string_view external_id) override { return find(external_id, reading_, reading_tags_); }

  // LMDB keeps a slot for each thread that reads.
  Finder finder() override {
    MDB_txn* transaction = nullptr;
    MDB_cursor* cursor = nullptr;
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction));
    check(mdb_cursor_open(transaction, tags_, &cursor));
    mdb_txn_reset(transaction);
    const std::shared_ptr<MDB_txn> reading(transaction, [cursor](MDB_txn* ended) {
      mdb_cursor_close(cursor);
      mdb_txn_abort(ended);
    });
    return
        [reading, cursor](std::string_view external_id) { return find(external_id, reading.get(), cursor); };
  }

  std::uint64_t count(Tag one, Tag other) override {
    const Renewed reading(reading_, {reading_index_, reading_other_});
    return count_common_users(Members(reading_index_, one), Members(reading_other_, other));
  }

 private:
  // A read transaction, renewed for one question.
  class Renewed {
   public:
    Renewed(MDB_txn* transaction, std::initializer_list<MDB_cursor*> cursors) : transaction_(transaction) {
      check(mdb_txn_renew(transaction));
      for (MDB_cursor* const cursor : cursors) check(mdb_cursor_renew(transaction, cursor));
    }
    Renewed(const Renewed&) = delete;
    Renewed& operator=(const Renewed&) = delete;
    ~Renewed() { mdb_txn_reset(transaction_); }

   private:
    MDB_txn* transaction_;
  };

  static Found find(std::string_view external_id, MDB_txn* transaction, MDB_cursor* cursor) {
    const Renewed reading(transaction, {cursor});
    std::uint64_t sum = 0;
    visit(cursor, external_id,
          [&](std::string_view key, std::string_view value) { sum += tag_sum(key, value); });
    return {sum, sum};
  }

  // The users who have one tag.
  class Members {
   public:
    Members(MDB_cursor* cursor, Tag tag) : cursor_(cursor) {
      const std::string text = pair_of(tag.key, tag.value);
      MDB_val key = value_of(text);
      take(key, MDB_SET);
    }
    std::string_view user() const { return user_; }
    void next() {
      MDB_val key;
      take(key, MDB_NEXT_DUP);
    }

   private:
    void take(MDB_val& key, MDB_cursor_op operation) {
      MDB_val user;
      user_ = found(mdb_cursor_get(cursor_, &key, &user, operation)) ? text_of(user) : std::string_view();
    }

    MDB_cursor* cursor_;
    std::string_view user_;
  };

  MDB_txn* begin() {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(environment_, nullptr, 0, &transaction));
    return transaction;
  }
  void begin_reading() {
    check(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reading_));
    check(mdb_cursor_open(reading_, tags_, &reading_tags_));
    check(mdb_cursor_open(reading_, index_, &reading_index_));
    check(mdb_cursor_open(reading_, index_, &reading_other_));
    mdb_txn_reset(reading_);
  }
  void append(MDB_dbi table, std::string_view key, std::string_view value, unsigned flags) {
    MDB_val key_value = value_of(key);
    MDB_val data = value_of(value);
    check(mdb_put(loading_, table, &key_value, &data, flags));
  }

  // Calls visitor(key, value) for the user's tags; false where there is no such user.
  template <class Visitor>
  static bool visit(MDB_cursor* cursor, std::string_view external_id, Visitor&& visitor) {
    const std::string prefix = pair_of(external_id, "");
    MDB_val key = value_of(prefix);
    MDB_val value;
    if (!found(mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY))) return false;
    while (found(mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) && text_of(key).starts_with(prefix))
      visitor(text_of(key).substr(prefix.size()), text_of(value));
    return true;
  }

  Answer update_one(MDB_txn* transaction, MDB_cursor* cursor, const Update& update) {
    Judgement judgement(update);
    const auto see = [&](std::string_view key, std::string_view value) { judgement.see(key, value); };
    if (!visit(cursor, update.external_id, see)) return {Outcome::no_user, 0};
    const Answer answer = judgement.answer();
    if (judgement.changes(answer)) write(transaction, update, judgement.old_value());
    return answer;
  }

  void write(MDB_txn* transaction, const Update& update, const std::string& old_value) {
    const std::string tag = pair_of(update.external_id, update.key);
    MDB_val key = value_of(tag);
    MDB_val value = value_of(update.value);
    check(mdb_put(transaction, tags_, &key, &value, 0));
    if (!tag_index_) return;
    const std::string before = pair_of(update.key, old_value);
    const std::string after = pair_of(update.key, update.value);
    MDB_val user = value_of(update.external_id);
    key = value_of(before);
    check(mdb_del(transaction, index_, &key, &user));
    key = value_of(after);
    check(mdb_put(transaction, index_, &key, &user, 0));
  }

  const bool tag_index_;
  MDB_env* environment_ = nullptr;
  MDB_dbi tags_ = 0;
  MDB_dbi index_ = 0;
  MDB_txn* reading_ = nullptr;
  MDB_cursor* reading_tags_ = nullptr;
  MDB_cursor* reading_index_ = nullptr;
  MDB_cursor* reading_other_ = nullptr;
  MDB_txn* loading_ = nullptr;
  std::vector<std::pair<std::string, std::string>> entries_;   // of the index, while loading
};

}   // namespace

std::unique_ptr<Contender> make_lmdb(const Place& place) {
  return std::make_unique<Lmdb>(place);
}

}   // namespace usertags::bench
