// TagIndex::load: one pass over the users numbers each key's values and notes who has which; then every
// value's set is built in one piece, in the order of the values. A look-up in a hash table takes the place of
// two searches and an insert, and the sets have no room to spare. The table's keys are packed texts: most
// values are compared where they stand in it, without a look at the record that they come from.
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "index/tag_index.hpp"
#include "model/signals_blocked.hpp"

namespace usertags::index {
namespace {

struct Entries {
  std::map<std::string_view, std::unique_ptr<KeyEntry>> by_key;
  std::unique_ptr<MemoryUsage> usage = std::make_unique<MemoryUsage>();
};

class KeyLoading {
 public:
  void add(std::string_view value, std::uint32_t ordinal) {
    const auto number = static_cast<std::uint32_t>(values_.size());
    const PackedView packed(value);
    const auto [entry, is_new] = numbers_.try_emplace(packed, number);
    if (is_new) values_.push_back(packed);
    numbered_.push_back(entry->second);
    ordinals_.push_back(ordinal);
  }

  std::unique_ptr<KeyEntry> build(MemoryUsage& usage) {
    auto entry = std::make_unique<KeyEntry>(usage);
    entry->set_users(UserSet(ordinals_));
    counts_.resize(values_.size());
    for (const std::uint32_t number : numbered_) ++counts_[number];
    const std::vector<std::uint32_t> sorted = sort_by_value();
    for (const std::uint32_t number : order_of_values()) {
      const std::span<const std::uint32_t> users(sorted.data() + ends_[number] - counts_[number],
                                                 counts_[number]);
      entry->append(values_[number].text(), UserSet(users));
    }
    return entry;
  }

 private:
  // A counting sort: the ordinals of one value stay together, in their order.
  std::vector<std::uint32_t> sort_by_value() {
    ends_.resize(counts_.size());
    std::exclusive_scan(counts_.begin(), counts_.end(), ends_.begin(), std::size_t{0});
    std::vector<std::uint32_t> sorted(ordinals_.size());
    for (std::size_t i = 0; i < ordinals_.size(); ++i) sorted[ends_[numbered_[i]]++] = ordinals_[i];
    return sorted;
  }

  std::vector<std::uint32_t> order_of_values() const {
    std::vector<std::uint32_t> order(values_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(
        order, [&](std::uint32_t left, std::uint32_t right) { return values_[left] < values_[right]; });
    return order;
  }

  struct Hash {
    using is_avalanching = void;   // what Boost.Unordered asks: the hash is mixed already
    std::uint64_t operator()(const PackedView& text) const noexcept { return text.hash(); }
  };
  boost::unordered_flat_map<PackedView, std::uint32_t, Hash> numbers_;
  std::vector<PackedView> values_;        // by number
  std::vector<std::uint32_t> counts_;     // by number
  std::vector<std::size_t> ends_;         // by number: where its ordinals end among the sorted
  std::vector<std::uint32_t> numbered_;   // a user's value, by number …
  std::vector<std::uint32_t> ordinals_;   // … and the user
};

constexpr std::size_t kAhead = 8;   // records that are fetched meanwhile

void prefetch(const model::Record& record) noexcept {
  const char* const bytes = reinterpret_cast<const char*>(&record);
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + 64);
}

// Every second key, beginning with one of the first two that are met: two threads share the keys between them
// without a word, and each is likely to get large ones and small ones.
class Loading {
 public:
  explicit Loading(std::size_t first) : next_key_(first) {}

  void add(std::span<const model::RecordPtr> users) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      if (i + kAhead < users.size()) prefetch(*users[i + kAhead]);
      auto before = last_user_.begin();
      // A reference: a copy would be read before what the iterator has stored is through, a stall for each tag.
      for (const Tag& tag : *users[i]) {
        if (before == last_user_.end()) before = last_user_.insert(before, find(tag.key));
        if (before->name != tag.key) *before = find(tag.key);
        if (before->loading != nullptr) before->loading->add(tag.value, users[i]->ordinal());
        ++before;
      }
    }
  }

  Entries build() {
    Entries entries;
    for (auto& [key, loading] : keys_) {
      if (loading == nullptr) continue;
      entries.by_key.emplace(key, loading->build(*entries.usage));
      loading.reset();
    }
    return entries;
  }

 private:
  // Null: the other thread's.
  struct Key {
    std::string_view name;
    KeyLoading* loading;
  };

  Key find(std::string_view name) {
    const auto [entry, is_new] = keys_.try_emplace(name, nullptr);
    if (is_new && next_key_++ % 2 == 0) entry->second = std::make_unique<KeyLoading>();
    return {entry->first, entry->second.get()};
  }

  boost::unordered_flat_map<std::string_view, std::unique_ptr<KeyLoading>> keys_;
  std::vector<Key> last_user_;   // its keys in their order: most users have the same as the one before
  std::size_t next_key_;
};

Entries load_keys(std::span<const model::RecordPtr> users, std::size_t first) {
  Loading loading(first);
  loading.add(users);
  return loading.build();
}

}   // namespace

void TagIndex::load(std::span<const model::RecordPtr> users) {
  auto others = model::begin_beside([users] { return load_keys(users, 1); });
  Entries entries = load_keys(users, 0);
  Entries rest = others.get();
  entries.by_key.merge(rest.by_key);
  usage_ = {.values = entries.usage->values + rest.usage->values,
            .heap_bytes = entries.usage->heap_bytes + rest.usage->heap_bytes};
  std::vector<std::uint32_t> ordinals;
  ordinals.reserve(users.size());
  for (const model::RecordPtr& user : users) ordinals.push_back(user->ordinal());
  users_ = UserSet(ordinals);
  for (auto& [key, entry] : entries.by_key) {
    entry->move_usage(usage_);
    keys_.append(key, std::move(entry));
  }
}

}   // namespace usertags::index
