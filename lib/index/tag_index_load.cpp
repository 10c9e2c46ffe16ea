// TagIndex::load: one pass over the users numbers each key's values and notes who has which; then every
// value's set is built in one piece, in the order of the values. A look-up in a hash table takes the place of
// two searches and an insert, and the sets have no room to spare.
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "index/tag_index.hpp"

namespace usertags::index {
namespace {

class KeyLoading {
 public:
  void add(std::string_view value, std::uint32_t ordinal) {
    const auto number = static_cast<std::uint32_t>(values_.size());
    const auto [entry, is_new] = numbers_.try_emplace(value, number);
    if (is_new) {
      values_.push_back(value);
      counts_.push_back(0);
    }
    ++counts_[entry->second];
    numbered_.push_back(entry->second);
    ordinals_.push_back(ordinal);
  }

  std::unique_ptr<KeyEntry> build() {
    auto entry = std::make_unique<KeyEntry>();
    entry->set_users(UserSet(ordinals_));
    const std::vector<std::uint32_t> sorted = sort_by_value();
    for (const std::uint32_t number : order_of_values()) {
      const std::span<const std::uint32_t> users(sorted.data() + ends_[number] - counts_[number],
                                                 counts_[number]);
      entry->append(values_[number], UserSet(users));
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
    std::ranges::sort(order, {}, [&](std::uint32_t number) { return values_[number]; });
    return order;
  }

  boost::unordered_flat_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::string_view> values_;   // by number
  std::vector<std::uint32_t> counts_;      // by number
  std::vector<std::size_t> ends_;          // by number: where its ordinals end among the sorted
  std::vector<std::uint32_t> numbered_;    // a user's value, by number …
  std::vector<std::uint32_t> ordinals_;    // … and the user
};

}   // namespace

void TagIndex::load(std::span<const model::RecordPtr> users) {
  boost::unordered_flat_map<std::string_view, std::unique_ptr<KeyLoading>> loadings;
  std::vector<std::uint32_t> ordinals;
  for (const model::RecordPtr& user : users) {
    ordinals.push_back(user->ordinal());
    for (const Tag tag : *user) {
      std::unique_ptr<KeyLoading>& loading = loadings[tag.key];
      if (loading == nullptr) loading = std::make_unique<KeyLoading>();
      loading->add(tag.value, user->ordinal());
    }
  }
  users_ = UserSet(ordinals);
  std::vector<std::string_view> keys;
  for (const auto& [key, loading] : loadings) keys.push_back(key);
  std::ranges::sort(keys);
  for (const std::string_view key : keys) {
    KeyLoading& loading = *loadings.find(key)->second;
    keys_.append(key, loading.build());
    loadings.erase(key);
  }
}

}   // namespace usertags::index
