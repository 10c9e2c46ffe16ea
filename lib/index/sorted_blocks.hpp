// Texts in order with what belongs to them: SortedBlocks, the two-level map of the tag index, and PackedText,
// its key.
#pragma once

#include <algorithm>
#include <bit>
#include <boost/container/flat_map.hpp>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "model/bytes.hpp"

namespace usertags::index {

// PackedText: an owned text in 16 bytes, ordered bytewise; PackedView: the same, not owned, for looking one
// up.
//
//   up to 12 bytes   size | the text, filled up with zeros
//   longer           size | its first 4 bytes | pointer to the whole of it
//
// This is the string of Umbra (Neumann and Freitag, CIDR 2020). Most keys and values of tags are short:
// searching sorted ones then compares two integers each, and reads no memory beside them.
class PackedView {
 public:
  static constexpr std::size_t kMaxInline = 12;

  // A text that is longer than kMaxInline is referred to.
  explicit PackedView(std::string_view text) noexcept {
    words_[0] = static_cast<std::uint32_t>(text.size()) |
                model::load_bytes(text.data(), std::min(text.size(), kHeadBytes)) << 32;
    if (!is_inline())
      words_[1] = reinterpret_cast<std::uintptr_t>(text.data());
    else if (size() > kHeadBytes)
      words_[1] = model::load_bytes(text.data() + kHeadBytes, size() - kHeadBytes);
  }

  std::size_t size() const noexcept { return static_cast<std::uint32_t>(words_[0]); }
  bool is_inline() const noexcept { return size() <= kMaxInline; }
  const char* data() const noexcept {
    return is_inline() ? reinterpret_cast<const char*>(words_) + sizeof(std::uint32_t)
                       : reinterpret_cast<const char*>(static_cast<std::uintptr_t>(words_[1]));
  }
  std::string_view text() const noexcept { return {data(), size()}; }

  friend bool operator==(const PackedView& left, const PackedView& right) noexcept {
    if (left.words_[0] != right.words_[0]) return false;
    return left.words_[1] == right.words_[1] || (!left.is_inline() && left.text() == right.text());
  }
  // Of equal texts alike; for tables in memory.
  std::uint64_t hash() const noexcept {
    return is_inline() ? mixed(words_[0], words_[1]) : std::hash<std::string_view>()(text());
  }
  friend bool operator<(const PackedView& left, const PackedView& right) noexcept;

 private:
  static constexpr std::size_t kHeadBytes = 4;

  friend class SoughtText;

  // Bytes as integers that compare as the bytes do.
  std::uint64_t beginning() const noexcept { return std::byteswap(words_[0] >> 32 | words_[1] << 32); }
  // The same of one that was not made just now: a load that spans the stores of two words waits for them.
  std::uint64_t loaded_beginning() const noexcept {
    return model::load_big_endian<std::uint64_t>(reinterpret_cast<const char*>(words_) +
                                                 sizeof(std::uint32_t));
  }
  std::uint32_t head() const noexcept { return std::byteswap(static_cast<std::uint32_t>(words_[0] >> 32)); }
  std::uint64_t tail() const noexcept { return std::byteswap(words_[1]); }
  // As MurmurHash3 ends (Appleby, 2011), over two words.
  static std::uint64_t mixed(std::uint64_t left, std::uint64_t right) noexcept {
    std::uint64_t hash = (left ^ left >> 33) * 0xFF51'AFD7'ED55'8CCDU;
    hash = (hash ^ right ^ hash >> 33) * 0xC4CE'B9FE'1A85'EC53U;
    return hash ^ hash >> 33;
  }

  // The bytes as they are told above: words are made, compared and copied in registers.
  std::uint64_t words_[2] = {};
};

// SoughtText: a text that is compared with many. It has the bytes that an inline text begins with as a number, and with
// them most comparisons are one of numbers, which decides no branch: that would be foreseen wrongly every other time.
class SoughtText {
 public:
  explicit SoughtText(const PackedView& text) noexcept
      : text_(text),
        beginning_(text.beginning()),
        inline_size_(text.is_inline() ? int{PackedView::kMaxInline} : -1) {}

  const PackedView& packed() const noexcept { return text_; }

  // As zeros fill inline texts up, the shorter of two that are equal so far is the one that comes first.
  bool is_below(const PackedView& other) const noexcept {
    if (static_cast<int>(other.size()) > inline_size_) [[unlikely]]
      return text_.head() != other.head() ? text_.head() < other.head() : text_.text() < other.text();
    const std::uint64_t beginning = other.loaded_beginning();
    if (beginning_ != beginning) [[likely]]
      return beginning_ < beginning;
    return text_.tail() != other.tail() ? text_.tail() < other.tail() : text_.size() < other.size();
  }

 private:
  PackedView text_;
  std::uint64_t beginning_;
  int inline_size_;   // what another has at most that is compared as a number
};

inline bool operator<(const PackedView& left, const PackedView& right) noexcept {
  return SoughtText(left).is_below(right);
}

class PackedText {
 public:
  // Throws std::bad_alloc.
  explicit PackedText(std::string_view text) : packed_(own(text)) {}
  PackedText(PackedText&& other) noexcept : packed_(std::exchange(other.packed_, PackedView({}))) {}
  PackedText& operator=(PackedText&& other) noexcept {
    std::swap(packed_, other.packed_);
    return *this;
  }
  ~PackedText() {
    if (!packed_.is_inline()) ::operator delete(const_cast<char*>(packed_.data()));
  }

  const PackedView& packed() const noexcept { return packed_; }
  std::string_view text() const noexcept { return packed_.text(); }
  // Of the block that a text of so many bytes takes, the allocator's own bytes estimated.
  static std::size_t block_bytes(std::size_t size) noexcept {
    return size <= PackedView::kMaxInline ? 0 : model::heap_bytes(size);
  }
  std::size_t heap_bytes() const noexcept { return block_bytes(packed_.size()); }

 private:
  static std::string_view own(std::string_view text) {
    if (text.size() <= PackedView::kMaxInline) return text;
    auto* const block = static_cast<char*>(::operator new(text.size()));
    std::ranges::copy(text, block);
    return {block, text.size()};
  }

  PackedView packed_;
};

static_assert(sizeof(PackedText) == 16);

// SortedBlocks: an ordered map from text to T, as a map of two levels of flat_map: leaves of at most kMaxLeaf
// entries, and above them the leaves, each by a text that is not above any of its keys. The first leaf's is
// empty, and it stays when it has no entries.
//
// An insert moves at most a leaf's entries, and, one time in kMaxLeaf / 2, the leaves' headers: with a
// million keys that is 2 KiB and, then, 0.8 MB. A look-up is two binary searches over contiguous memory.
// References to T hold until the next insert or erase.
template <class T>
class SortedBlocks {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  const T* find(std::string_view key) const noexcept {
    const SoughtText sought{PackedView(key)};
    const auto leaf = leaf_of(leaves_, sought);
    if (leaf == leaves_.end()) return nullptr;
    const auto entry = last_up_to(leaf->second, sought);
    return entry != leaf->second.end() && entry->first.packed() == sought.packed() ? &entry->second : nullptr;
  }
  T* find(std::string_view key) noexcept { return const_cast<T*>(std::as_const(*this).find(key)); }

  // One of many look-ups, in whichever maps, and where its answer comes to: null where there is no such key.
  struct Sought {
    Sought(SortedBlocks& map, std::string_view text, T*& answer) noexcept
        : blocks(&map), key(PackedView(text)), found(&answer) {}

    SortedBlocks* blocks;
    SoughtText key;
    T** found;
  };
  // They take their steps together, so that what one waits for from memory comes while the others take theirs.
  static void find_each(std::span<Sought> all) noexcept {
    for (; all.size() > kTogether; all = all.subspan(kTogether)) find_some(all.first(kTogether));
    find_some(all);
  }

  // The entry of the key; a new one holds T(). Throws std::bad_alloc, with nothing changed.
  T& at_or_insert(std::string_view key) {
    const SoughtText sought{PackedView(key)};
    if (leaves_.empty()) add_leaf({});
    auto leaf = leaf_of(leaves_, sought);
    auto entry = first_from(leaf->second, sought);
    if (entry != leaf->second.end() && entry->first.packed() == sought.packed()) return entry->second;
    PackedText owned(key);
    if (leaf->second.size() == leaf->second.capacity()) {
      leaf = make_room(leaf, sought);
      entry = first_from(leaf->second, sought);
    }
    text_bytes_ += owned.heap_bytes();
    ++size_;
    return leaf->second.emplace_hint(entry, std::move(owned), T())->second;
  }

  // For filling an empty map: keys ascend from call to call. Throws std::bad_alloc.
  void append(std::string_view key, T mapped) {
    if (leaves_.empty()) add_leaf({});
    auto leaf = std::prev(leaves_.end());
    if (leaf->second.size() == kFilledLeaf) leaf = add_leaf(key);
    if (leaf->second.size() == leaf->second.capacity())
      set_capacity(leaf->second, std::min(2 * leaf->second.capacity(), kFilledLeaf));
    PackedText owned(key);
    text_bytes_ += owned.heap_bytes();
    ++size_;
    leaf->second.emplace_hint(leaf->second.end(), std::move(owned), std::move(mapped));
  }

  // Erases the entry of the key, if there is one and the condition holds for it. Its leaf is merged with one beside it, if
  // both have at most `most` entries together, and gives back what it does not need; as far as there is memory to do it.
  static constexpr std::size_t kSparse = 32;   // far enough below a full leaf that it is not split again soon
  static constexpr std::size_t kTight = 64;    // takes back what a split has taken
  template <class Condition>
  void erase_if(std::string_view key, std::size_t most, Condition&& condition) noexcept {
    const SoughtText sought{PackedView(key)};
    const auto leaf = leaf_of(leaves_, sought);
    if (leaf == leaves_.end()) return;
    const auto entry = last_up_to(leaf->second, sought);
    if (entry == leaf->second.end() || entry->first.packed() != sought.packed()) return;
    if (!condition(entry->second)) return;
    text_bytes_ -= entry->first.heap_bytes();
    --size_;
    leaf->second.erase(entry);
    trim(leaf, most);
  }

  // Calls visitor(key, const T&) for the entries from `first` on, in order, until it answers false.
  template <class Visitor>
  void visit_from(std::string_view first, Visitor&& visitor) const {
    const SoughtText sought{PackedView(first)};
    auto leaf = leaf_of(leaves_, sought);
    if (leaf == leaves_.end()) return;
    auto entry = first_from(leaf->second, sought);
    while (true) {
      for (; entry != leaf->second.end(); ++entry) {
        if (!visitor(entry->first.text(), entry->second)) return;
      }
      if (++leaf == leaves_.end()) return;
      entry = leaf->second.begin();
    }
  }

  // What it takes beside itself, but for what each T takes.
  std::size_t heap_bytes() const noexcept {
    return leaf_capacity_ * sizeof(typename Leaf::value_type) +
           leaves_.capacity() * sizeof(typename Leaves::value_type) + text_bytes_;
  }

 private:
  static constexpr std::size_t kMaxLeaf = 64;
  static constexpr std::size_t kFilledLeaf = kMaxLeaf * 3 / 4;   // leaves room for what comes in between
  static constexpr std::size_t kLeafRoom = 4;                    // most keys have few values

  struct Less {
    using is_transparent = void;
    static const PackedView& packed(const PackedView& text) noexcept { return text; }
    static const PackedView& packed(const PackedText& text) noexcept { return text.packed(); }
    bool operator()(const auto& left, const auto& right) const noexcept {
      return packed(left) < packed(right);
    }
  };
  using Leaf = boost::container::flat_map<PackedText, T, Less>;
  using Leaves = boost::container::flat_map<PackedText, Leaf, Less>;

  static constexpr std::size_t kTogether = 16;

  // A binary search, step by step, for the last of some entries whose key is not above what is sought; or the first.
  template <class Entry>
  struct Steps {
    explicit Steps(auto& entries) noexcept
        : at(entries.empty() ? nullptr : &*entries.begin()), count(entries.size()) {}

    bool is_done() const noexcept { return count < 2; }
    // How many it takes to the end.
    std::size_t left() const noexcept {
      return is_done() ? 0 : static_cast<std::size_t>(std::bit_width(count - 1));
    }
    void step(const SoughtText& sought) noexcept {   // it is not done
      const std::size_t half = count / 2;
      const bool is_below = sought.is_below(at[half].first.packed());
      at += half & (std::size_t{is_below} - 1);   // half, or nothing: no branch
      count -= half;
    }
    void fetch() const noexcept { __builtin_prefetch(at + count / 2); }   // what the next step looks at

    Entry* at;
    std::size_t count;
  };

  // The same at once; end where there are none.
  template <class Entries>
  static auto last_up_to(Entries& entries, const SoughtText& sought) noexcept {
    Steps<std::remove_reference_t<decltype(*entries.begin())>> steps(entries);
    while (!steps.is_done()) steps.step(sought);
    return entries.empty() ? entries.end() : entries.begin() + (steps.at - &*entries.begin());
  }
  // The first of some entries whose key is not below; end where there is none.
  template <class Entries>
  static auto first_from(Entries& entries, const SoughtText& sought) noexcept {
    const auto entry = last_up_to(entries, sought);
    const bool is_below = entry != entries.end() && entry->first.packed() < sought.packed();
    return is_below ? std::next(entry) : entry;
  }
  // The leaf that the key belongs to; end where there is none at all.
  template <class Self>
  static auto leaf_of(Self& leaves, const SoughtText& key) noexcept {
    return last_up_to(leaves, key);
  }

  template <class Entry>
  using AllSteps = boost::container::static_vector<Steps<Entry>, kTogether>;

  static void find_some(std::span<Sought> some) noexcept {
    AllSteps<typename Leaves::value_type> leaves;
    AllSteps<typename Leaf::value_type> entries;
    Leaf none;
    for (const Sought& sought : some) leaves.emplace_back(sought.blocks->leaves_).fetch();
    step_to_the_end(some, leaves);
    for (const auto& leaf : leaves) entries.emplace_back(leaf.at != nullptr ? leaf.at->second : none).fetch();
    step_to_the_end(some, entries);
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto* const entry = entries[i].at;
      const bool is_there = entry != nullptr && entry->first.packed() == some[i].key.packed();
      *some[i].found = is_there ? &entry->second : nullptr;
    }
  }
  static void step_to_the_end(std::span<const Sought> some, auto& all) noexcept {
    std::size_t most = 0;
    for (const auto& steps : all) most = std::max(most, steps.left());
    for (; most > 0; --most) {
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (all[i].is_done()) continue;
        all[i].step(some[i].key);
        all[i].fetch();
      }
    }
  }

  // Where an entry was erased.
  void trim(typename Leaves::iterator leaf, std::size_t most) noexcept {
    if (leaf->second.empty() && leaf != leaves_.begin()) {
      leaf_capacity_ -= leaf->second.capacity();
      text_bytes_ -= leaf->first.heap_bytes();
      leaf = std::prev(leaves_.erase(leaf));
    }
    try {
      if (!merge_with_next(leaf, most) && leaf != leaves_.begin() && merge_with_next(std::prev(leaf), most))
        leaf = std::prev(leaf);
      if (most == kTight) shrink(leaf->second);
      if (leaves_.capacity() > 2 * leaves_.size() + kLeafRoom || most == kTight) leaves_.shrink_to_fit();
    } catch (const std::bad_alloc&) {   // it stays as it is
    }
  }

  bool merge_with_next(typename Leaves::iterator leaf, std::size_t most) {
    const auto next = std::next(leaf);
    if (next == leaves_.end() || leaf->second.size() + next->second.size() > most) return false;
    if (leaf->second.size() + next->second.size() > leaf->second.capacity()) set_capacity(leaf->second, most);
    for (auto& [key, mapped] : next->second)
      leaf->second.emplace_hint(leaf->second.end(), std::move(key), std::move(mapped));
    leaf_capacity_ -= next->second.capacity();
    text_bytes_ -= next->first.heap_bytes();
    leaves_.erase(next);
    return true;
  }

  void shrink(Leaf& leaf) {
    std::size_t capacity = kLeafRoom;
    while (capacity < leaf.size()) capacity *= 2;
    if (capacity >= leaf.capacity()) return;
    Leaf tight;
    tight.reserve(capacity);
    for (auto& [key, mapped] : leaf) tight.emplace_hint(tight.end(), std::move(key), std::move(mapped));
    leaf_capacity_ -= leaf.capacity();
    leaf.swap(tight);
    leaf_capacity_ += leaf.capacity();
  }

  void set_capacity(Leaf& leaf, std::size_t capacity) {
    leaf_capacity_ -= leaf.capacity();
    leaf.reserve(capacity);
    leaf_capacity_ += leaf.capacity();
  }

  // A leaf behind all others.
  auto add_leaf(std::string_view first) {
    Leaf leaf;
    leaf.reserve(kLeafRoom);
    PackedText owned(first);
    const std::size_t bytes = owned.heap_bytes();
    const auto place = leaves_.emplace_hint(leaves_.end(), std::move(owned), std::move(leaf));
    text_bytes_ += bytes;
    leaf_capacity_ += place->second.capacity();
    return place;
  }

  // Of a leaf that has no room for the key: answers the leaf that then has.
  auto make_room(typename Leaves::iterator leaf, const SoughtText& key) {
    if (leaf->second.size() >= kMaxLeaf) return split(leaf, key);
    set_capacity(leaf->second, std::min(2 * leaf->second.capacity(), kMaxLeaf));
    return leaf;
  }

  // Moves the upper half into a leaf of its own; answers the one of the two that the key belongs to.
  auto split(typename Leaves::iterator leaf, const SoughtText& key) {
    PackedText middle((leaf->second.begin() + kMaxLeaf / 2)->first.text());
    const std::size_t bytes = middle.heap_bytes();
    Leaf upper;
    upper.reserve(kMaxLeaf);
    const auto place = leaves_.emplace_hint(std::next(leaf), std::move(middle), std::move(upper));
    text_bytes_ += bytes;
    leaf_capacity_ += place->second.capacity();
    const auto left = std::prev(place);
    const auto from = left->second.begin() + kMaxLeaf / 2;
    for (auto entry = from; entry != left->second.end(); ++entry) {
      place->second.emplace_hint(place->second.end(), std::move(entry->first), std::move(entry->second));
    }
    left->second.erase(from, left->second.end());
    return key.is_below(place->first.packed()) ? left : place;
  }

  Leaves leaves_;
  std::size_t size_ = 0;
  std::size_t leaf_capacity_ = 0;   // of all leaves together
  std::size_t text_bytes_ = 0;      // beside the entries
};

}   // namespace usertags::index
