// RocksDB: one pair a tag, under the user's external id, and one entry a tag and user in the index.
//
//   tag     external id NUL key        → value      external id NUL → "" says that there is such a user
//   index   key NUL value NUL external id → ""
//
// Tuned: a group is one WriteBatch with sync=true; bloom filters over whole users (the prefix up to NUL), so
// that a look-up opens the files that hold the user only; 512 MiB of block cache, as much as the data, and
// indexes and filters beside it; memtables of 16 MiB, which stay in the processor's caches (of 64 MiB they
// cost an update a fifth more, of 8 they pause for long); WAL files are recycled, so that a sync writes over
// blocks that are there; two background jobs for two cores; index entries, which are written once and removed
// once, go by SingleDelete; the bulk load writes no WAL, and is flushed and compacted at its end.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common_users.hpp"
#include "contenders.hpp"
#include "judgement.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

void check(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

std::string pair_of(std::string_view one, std::string_view other) {
  return std::string(one).append(1, '\0').append(other);
}

// What the keys of one user have in common: all up to NUL.
class UserPrefix final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "user"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.ToStringView().find('\0') + 1};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.ToStringView().find('\0') != std::string_view::npos;
  }
};

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = std::size_t{16} << 20;
  options.max_write_buffer_number = 4;
  return options;
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_background_jobs = 2;
  options.recycle_log_file_num = 4;
  return options;
}

class Rocks final : public Contender {
 public:
  explicit Rocks(const Place& place) : tag_index_(place.tag_index) {
    const auto cache = rocksdb::NewLRUCache(std::size_t{512} << 20);
    rocksdb::ColumnFamilyOptions tags = family_options(cache);
    tags.prefix_extractor = std::make_shared<UserPrefix>();
    tags.memtable_prefix_bloom_size_ratio = 0.1;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::DB* database = nullptr;
    check(rocksdb::DB::Open(database_options(), place.folder,
                            {{rocksdb::kDefaultColumnFamilyName, tags}, {"index", family_options(cache)}},
                            &families, &database));
    database_.reset(database);
    tags_.reset(families[0]);
    index_.reset(families[1]);
    user_reads_.prefix_same_as_start = true;
    synced_.sync = true;
  }
  ~Rocks() override {
    tags_.reset();
    index_.reset();
    check(database_->Close());
  }

  void load(std::span<const NewUser> users) override {
    rocksdb::WriteBatch batch;
    for (const NewUser& user : users) {
      check(batch.Put(tags_.get(), pair_of(user.external_id, ""), ""));
      for (const auto& [key, value] : user.tags) {
        check(batch.Put(tags_.get(), pair_of(user.external_id, key), value));
        if (tag_index_) check(batch.Put(index_.get(), entry(key, value, user.external_id), ""));
      }
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    check(database_->Write(options, &batch));
  }
  void finish_load() override {
    check(database_->Flush({}, {tags_.get(), index_.get()}));
    for (rocksdb::ColumnFamilyHandle* const family : {tags_.get(), index_.get()})
      check(database_->CompactRange({}, family, nullptr, nullptr));
  }

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    const auto locks = lock_users(updates);
    rocksdb::WriteBatch batch;
    Group group;
    for (std::size_t i = 0; i < updates.size(); ++i) answers[i] = update_one(updates[i], group, batch);
    check(database_->Write(synced_, &batch));
  }

  Found find(std::string_view external_id) override {
    std::uint64_t sum = 0;
    visit(external_id, [&](std::string_view key, std::string_view value) { sum += tag_sum(key, value); });
    return {sum, sum};
  }

  std::uint64_t count(Tag one, Tag other) override {
    return count_common_users(Members(*this, one), Members(*this, other));
  }

  void settle() override {
    while (number("rocksdb.num-running-compactions") + number("rocksdb.num-running-flushes") +
               number("rocksdb.compaction-pending") !=
           0)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  bool takes_threads() const override { return true; }

 private:
  using Tags = std::vector<std::pair<std::string, std::string>>;
  // Users whom updates of the group changed: what is in the batch cannot be read from the database yet.
  using Group = std::unordered_map<std::string_view, Tags>;
  using Family = std::unique_ptr<rocksdb::ColumnFamilyHandle>;

  // The users who have one tag.
  class Members {
   public:
    Members(const Rocks& rocks, Tag tag)
        : prefix_(entry(tag.key, tag.value, "")),
          iterator_(rocks.database_->NewIterator({}, rocks.index_.get())) {
      iterator_->Seek(prefix_);
    }
    std::string_view user() const {
      if (!iterator_->Valid() || !iterator_->key().starts_with(prefix_)) return {};
      return iterator_->key().ToStringView().substr(prefix_.size());
    }
    void next() { iterator_->Next(); }

   private:
    std::string prefix_;
    std::unique_ptr<rocksdb::Iterator> iterator_;
  };

  static std::string entry(std::string_view key, std::string_view value, std::string_view external_id) {
    return pair_of(key, value).append(1, '\0').append(external_id);
  }

  // Read, check and write are one step to other threads: a user has a lock, which it shares with others.
  std::vector<std::unique_lock<std::mutex>> lock_users(std::span<const Update> updates) {
    std::array<bool, kLocks> wanted{};
    for (const Update& update : updates) wanted[std::hash<std::string>{}(update.external_id) % kLocks] = true;
    std::vector<std::unique_lock<std::mutex>> locks;
    for (std::size_t i = 0; i < kLocks; ++i) {
      if (wanted[i]) locks.emplace_back(locks_[i]);
    }
    return locks;
  }

  // Calls visitor(key, value) for the user's tags; false where there is no such user.
  template <class Visitor>
  bool visit(std::string_view external_id, Visitor&& visitor) const {
    const std::string prefix = pair_of(external_id, "");
    const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator(user_reads_, tags_.get()));
    row->Seek(prefix);
    if (!row->Valid()) return false;
    for (row->Next(); row->Valid(); row->Next())
      visitor(row->key().ToStringView().substr(prefix.size()), row->value().ToStringView());
    return true;
  }

  Answer update_one(const Update& update, Group& group, rocksdb::WriteBatch& batch) const {
    auto known = group.find(update.external_id);
    if (known == group.end()) {
      Tags tags;
      const auto keep = [&](std::string_view key, std::string_view value) { tags.emplace_back(key, value); };
      if (!visit(update.external_id, keep)) return {Outcome::no_user, 0};
      known = group.emplace(update.external_id, std::move(tags)).first;
    }
    Judgement judgement(update);
    for (const auto& [key, value] : known->second) judgement.see(key, value);
    const Answer answer = judgement.answer();
    if (judgement.changes(answer)) write(update, judgement.old_value(), known->second, batch);
    return answer;
  }

  void write(const Update& update, const std::string& old_value, Tags& tags,
             rocksdb::WriteBatch& batch) const {
    for (auto& [key, value] : tags) {
      if (key == update.key) value = update.value;
    }
    check(batch.Put(tags_.get(), pair_of(update.external_id, update.key), update.value));
    if (!tag_index_) return;
    check(batch.SingleDelete(index_.get(), entry(update.key, old_value, update.external_id)));
    check(batch.Put(index_.get(), entry(update.key, update.value, update.external_id), ""));
  }

  std::uint64_t number(const char* property) const {
    std::uint64_t sum = 0;
    for (rocksdb::ColumnFamilyHandle* const family : {tags_.get(), index_.get()}) {
      std::uint64_t number = 0;
      database_->GetIntProperty(family, property, &number);
      sum += number;
    }
    return sum;
  }

  static constexpr std::size_t kLocks = 64;

  const bool tag_index_;
  std::unique_ptr<rocksdb::DB> database_;
  Family tags_;
  Family index_;
  rocksdb::ReadOptions user_reads_;
  rocksdb::WriteOptions synced_;
  std::array<std::mutex, kLocks> locks_;
};

}   // namespace

std::unique_ptr<Contender> make_rocksdb(const Place& place) {
  return std::make_unique<Rocks>(place);
}

}   // namespace usertags::bench
