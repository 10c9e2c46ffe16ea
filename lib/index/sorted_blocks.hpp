// SortedBlocks: an ordered map from text to T, as a map of two levels of flat_map: leaves of at most kMaxLeaf
// entries, and above them the leaves, each by a text that is not above any of its keys. The first leaf's is
// empty, and it stays when it has no entries.
//
// An insert moves at most a leaf's entries, and, one time in kMaxLeaf / 2, the pointers of the leaves: with a
// million keys that is 6 KiB and, then, 0.7 MB. A look-up is two binary searches over contiguous memory.
// References to T hold until the next insert or erase.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace usertags::index {

template <class T>
class SortedBlocks {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  const T* find(std::string_view key) const noexcept {
    const auto leaf = leaf_of(leaves_, key);
    if (leaf == leaves_.end()) return nullptr;
    const auto entry = leaf->second->find(key);
    return entry == leaf->second->end() ? nullptr : &entry->second;
  }
  T* find(std::string_view key) noexcept { return const_cast<T*>(std::as_const(*this).find(key)); }

  // The entry of the key; a new one holds T(). Throws std::bad_alloc, with nothing changed.
  T& at_or_insert(std::string_view key) {
    if (leaves_.empty()) add_first_leaf();
    auto leaf = leaf_of(leaves_, key);
    auto entry = leaf->second->lower_bound(key);
    if (entry != leaf->second->end() && entry->first == key) return entry->second;
    if (leaf->second->size() >= kMaxLeaf) {
      leaf = split(leaf, key);
      entry = leaf->second->lower_bound(key);
    }
    entry = leaf->second->emplace_hint(entry, std::string(key), T());
    ++size_;
    return entry->second;
  }

  // For filling an empty map: keys ascend from call to call. Throws std::bad_alloc.
  void append(std::string_view key, T mapped) {
    if (leaves_.empty()) add_first_leaf();
    auto leaf = std::prev(leaves_.end());
    if (leaf->second->size() == kFilledLeaf) {
      leaf = leaves_.emplace_hint(leaves_.end(), std::string(key), std::make_unique<Leaf>());
    }
    if (leaf->second->size() == kLeafRoom) leaf->second->reserve(kFilledLeaf);
    leaf->second->emplace_hint(leaf->second->end(), std::string(key), std::move(mapped));
    ++size_;
  }

  void erase(std::string_view key) noexcept {
    const auto leaf = leaf_of(leaves_, key);
    if (leaf == leaves_.end()) return;
    size_ -= leaf->second->erase_key(key);
    if (leaf->second->empty() && leaf != leaves_.begin()) leaves_.erase(leaf);
  }

  // Calls visitor(key, const T&) for the entries from `first` on, in order, until it answers false.
  template <class Visitor>
  void visit_from(std::string_view first, Visitor&& visitor) const {
    auto leaf = leaf_of(leaves_, first);
    if (leaf == leaves_.end()) return;
    auto entry = leaf->second->lower_bound(first);
    while (true) {
      for (; entry != leaf->second->end(); ++entry) {
        if (!visitor(std::string_view(entry->first), entry->second)) return;
      }
      if (++leaf == leaves_.end()) return;
      entry = leaf->second->begin();
    }
  }

  std::size_t heap_bytes() const noexcept {
    constexpr std::size_t kInString = 15;   // what a std::string holds without a block
    std::size_t bytes = leaves_.capacity() * sizeof(typename Leaves::value_type);
    for (const auto& [first, leaf] : leaves_) {
      bytes += sizeof(Leaf) + leaf->capacity() * sizeof(typename Leaf::value_type);
      for (const auto& [key, mapped] : *leaf) bytes += key.size() > kInString ? key.capacity() + 16 : 0;
    }
    return bytes;
  }

 private:
  static constexpr std::size_t kMaxLeaf = 128;
  static constexpr std::size_t kFilledLeaf = kMaxLeaf * 3 / 4;   // leaves room for what comes in between
  static constexpr std::size_t kLeafRoom = 4;                    // most keys have few values

  struct LeafEntries : boost::container::flat_map<std::string, T, std::less<>> {
    // By its own name: flat_map::erase(x) prefers positions.
    std::size_t erase_key(std::string_view key) noexcept {
      const auto entry = this->find(key);
      if (entry == this->end()) return 0;
      this->erase(entry);
      return 1;
    }
  };
  using Leaf = LeafEntries;
  using Leaves = boost::container::flat_map<std::string, std::unique_ptr<Leaf>, std::less<>>;

  // The leaf that the key belongs to; end where there is none at all.
  template <class Self>
  static auto leaf_of(Self& leaves, std::string_view key) noexcept {
    const auto after = leaves.upper_bound(key);
    return after == leaves.begin() ? after : std::prev(after);
  }

  void add_first_leaf() {
    auto leaf = std::make_unique<Leaf>();
    leaf->reserve(kLeafRoom);
    leaves_.emplace(std::string(), std::move(leaf));
  }

  // Moves the upper half into a leaf of its own; answers the one of the two that the key belongs to.
  auto split(typename Leaves::iterator leaf, std::string_view key) {
    const std::string middle = (leaf->second->begin() + kMaxLeaf / 2)->first;
    auto right = std::make_unique<Leaf>();
    right->reserve(kMaxLeaf);
    auto place = leaves_.emplace_hint(std::next(leaf), middle, std::move(right));
    const auto left = std::prev(place);
    const auto from = left->second->begin() + kMaxLeaf / 2;
    for (auto entry = from; entry != left->second->end(); ++entry) {
      place->second->emplace_hint(place->second->end(), std::move(entry->first), std::move(entry->second));
    }
    left->second->erase(left->second->begin() + kMaxLeaf / 2, left->second->end());
    return key < std::string_view(middle) ? left : place;
  }

  Leaves leaves_;
  std::size_t size_ = 0;
};

}   // namespace usertags::index
