#include "index/directory.hpp"

#include <cassert>
#include <utility>

namespace usertags::index {

using model::RecordPtr;

void Directory::reserve_users(std::span<const std::uint32_t> hashes) {
  std::array<std::size_t, kShards> users{};
  for (const std::uint32_t hash : hashes) ++users[shard_of(hash)];
  for (std::size_t i = 0; i < kShards; ++i) {
    const model::MutexLock lock(shards_[i].mutex);
    reserve(shards_[i], users[i]);
  }
}

void Directory::reserve(Shard& shard, std::size_t users) {
  const std::size_t bytes = shard.records.heap_bytes();
  shard.records.reserve(users, limbo_);
  table_bytes_.fetch_add(shard.records.heap_bytes() - bytes, std::memory_order_relaxed);
}

bool Directory::load(std::uint32_t hash, RecordPtr record) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  reserve(shard, shard.records.size() + 1);
  return shard.records.insert(hash, std::move(record));
}

void Directory::reserve_new(std::uint32_t hash) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  reserve(shard, shard.records.size() + shard.awaited + 1);
  ++shard.awaited;
}

void Directory::cancel_new(std::uint32_t hash) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  --shard.awaited;
}

std::size_t Directory::growth(std::span<const std::uint32_t> hashes) const noexcept {
  std::array<std::size_t, kShards> users{};
  for (const std::uint32_t hash : hashes) ++users[shard_of(hash)];
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    if (users[i] == 0) continue;
    const model::MutexLock lock(shards_[i].mutex);
    const RecordTable& records = shards_[i].records;
    bytes += records.heap_bytes_for(records.size() + shards_[i].awaited + users[i]) - records.heap_bytes();
  }
  return bytes;
}

void Directory::push(std::uint32_t hash, RecordPtr version, bool is_new, Link& link) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  if (is_new) {
    assert(shard.awaited > 0);
    --shard.awaited;
  }
  shard.records.push(hash, std::move(version), link);
}

void Directory::unlink(std::uint32_t hash, Link& link) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  shard.records.unlink(hash, link);
}

}   // namespace usertags::index
