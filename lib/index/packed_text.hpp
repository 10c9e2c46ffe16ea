// PackedText: an owned text in 16 bytes, ordered bytewise; PackedView: the same, not owned, for looking one
// up.
//
//   up to 12 bytes   size | the text, filled up with zeros
//   longer           size | its first 4 bytes | pointer to the whole of it
//
// This is the string of Umbra (Neumann and Freitag, CIDR 2020). Most keys and values of tags are short:
// searching sorted ones then compares two integers each, and reads no memory beside them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <string_view>
#include <utility>

namespace usertags::index {

class PackedView {
 public:
  static constexpr std::size_t kMaxInline = 12;

  // A text that is longer than kMaxInline is referred to.
  explicit PackedView(std::string_view text) noexcept : size_(static_cast<std::uint32_t>(text.size())) {
    if (is_inline()) {
      std::ranges::copy(text, bytes_);
      return;
    }
    const char* const whole = text.data();
    std::memcpy(bytes_, whole, kHeadBytes);
    std::memcpy(bytes_ + kHeadBytes, &whole, sizeof whole);
  }

  std::size_t size() const noexcept { return size_; }
  bool is_inline() const noexcept { return size_ <= kMaxInline; }
  const char* data() const noexcept {
    if (is_inline()) return bytes_;
    const char* whole;
    std::memcpy(&whole, bytes_ + kHeadBytes, sizeof whole);
    return whole;
  }
  std::string_view text() const noexcept { return {data(), size_}; }

  friend bool operator==(const PackedView& left, const PackedView& right) noexcept {
    if (left.size_ != right.size_ || left.head() != right.head()) return false;
    return left.is_inline() ? left.tail() == right.tail() : left.text() == right.text();
  }
  // Of equal texts alike; for tables in memory.
  std::uint64_t hash() const noexcept {
    if (!is_inline()) return std::hash<std::string_view>()(text());
    return mixed(std::uint64_t{head()} << 32 | size_, tail());
  }
  // As zeros fill the texts up, the shorter of two that are equal so far is the one that comes first.
  friend bool operator<(const PackedView& left, const PackedView& right) noexcept {
    if (left.head() != right.head()) return left.head() < right.head();
    if (!left.is_inline() || !right.is_inline()) return left.text() < right.text();
    return left.tail() != right.tail() ? left.tail() < right.tail() : left.size_ < right.size_;
  }

 private:
  static constexpr std::size_t kHeadBytes = 4;

  // Bytes as integers that compare as the bytes do.
  std::uint32_t head() const noexcept { return load<std::uint32_t>(bytes_); }
  std::uint64_t tail() const noexcept { return load<std::uint64_t>(bytes_ + kHeadBytes); }
  // As MurmurHash3 ends (Appleby, 2011), over two words.
  static std::uint64_t mixed(std::uint64_t left, std::uint64_t right) noexcept {
    std::uint64_t hash = (left ^ left >> 33) * 0xFF51'AFD7'ED55'8CCDU;
    hash = (hash ^ right ^ hash >> 33) * 0xC4CE'B9FE'1A85'EC53U;
    return hash ^ hash >> 33;
  }
  template <class Integer>
  static Integer load(const char* from) noexcept {
    static_assert(std::endian::native == std::endian::little);
    Integer bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return std::byteswap(bytes);
  }

  std::uint32_t size_;
  char bytes_[kMaxInline] = {};
};

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
    return size <= PackedView::kMaxInline ? 0 : (size + 8 + 15) / 16 * 16;
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

}   // namespace usertags::index
