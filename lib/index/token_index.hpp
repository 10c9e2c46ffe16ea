// TokenIndex: the idempotency tokens that are kept, by their text, each with the first outcome of its
// request.
//
// Tokens come in the order of their numbers and are forgotten in that order: beside the tables that find them
// they stand in a list. A table holds a 256th of them, so that none takes long to grow.
//
// Adding is in two steps, so that it cannot fail after a commit. One thread adds and forgets; find() may be
// called from any thread. Whoever looks at tokens and users of one moment looks under the moment lock, under
// which both are published (Projection::publish).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "index/slot_table.hpp"
#include "model/change.hpp"
#include "model/thread_annotations.hpp"

namespace usertags::index {

// What became of the request that bore a token.
struct TokenOutcome {
  model::RequestDigest request{};
  std::uint64_t revision = 0;
  std::uint32_t ordinal = 0;   // of the user whom the answer shows; 0: none
  bool changed = false;
};

// A token in one block of memory: this header, and its text behind it.
class KeptToken {
 public:
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(this + 1), text_bytes_}; }
  std::uint64_t seq() const noexcept { return seq_; }
  const TokenOutcome& outcome() const noexcept { return outcome_; }
  // The allocator's own bytes estimated.
  static std::size_t memory_bytes(std::size_t text_bytes) noexcept;
  std::size_t memory_bytes() const noexcept { return memory_bytes(text_bytes_); }

 private:
  friend class TokenPtr;
  friend class TokenIndex;
  explicit KeptToken(const model::Token& token) noexcept;

  mutable const KeptToken* next_ = nullptr;   // the token after this one, in the order of their numbers
  const std::uint64_t seq_;
  const TokenOutcome outcome_;
  const std::size_t text_bytes_;
};

// Owns a token.
class TokenPtr {
 public:
  static TokenPtr make(const model::Token& token);   // throws std::bad_alloc
  static TokenPtr adopt(const KeptToken* token) noexcept { return TokenPtr(token); }
  TokenPtr(TokenPtr&& other) noexcept : token_(other.detach()) {}
  TokenPtr& operator=(TokenPtr&& other) noexcept {
    std::swap(token_, other.token_);
    return *this;
  }
  ~TokenPtr();

  const KeptToken& operator*() const noexcept { return *token_; }
  const KeptToken* operator->() const noexcept { return token_; }
  const KeptToken* detach() noexcept { return std::exchange(token_, nullptr); }

 private:
  explicit TokenPtr(const KeptToken* token) noexcept : token_(token) {}

  const KeptToken* token_;
};

class TokenIndex {
 public:
  std::optional<TokenOutcome> find(std::string_view token) const noexcept USERTAGS_EXCLUDES(mutex_);

  // For the thread that adds and forgets: a token that it is going to look for.
  void prefetch(std::string_view token) const noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
    const std::uint32_t hash = slot_hash(token);
    tables_[table_of(hash)].prefetch(hash);
  }

  // What adding the tokens would add to heap_bytes().
  std::size_t growth(std::span<const model::Token> tokens) const noexcept USERTAGS_EXCLUDES(mutex_);

  // Tokens that are prepared: dropping them instead of publishing them leaves no trace.
  using Addition = std::vector<TokenPtr>;
  // Throws std::bad_alloc. Numbers ascend, from the newest token on.
  Addition prepare(std::span<const model::Token> tokens) USERTAGS_EXCLUDES(mutex_);
  void make_room(std::span<const TokenPtr> tokens) USERTAGS_EXCLUDES(mutex_);   // makes an Addition of them
  // What is published and not forgotten bears another text.
  void publish(std::span<TokenPtr> addition) noexcept USERTAGS_EXCLUDES(mutex_);

  // Forgets the tokens with numbers up to `last`. They are freed with what is answered: not under a lock.
  class Forgotten;
  Forgotten forget(std::uint64_t last) noexcept USERTAGS_EXCLUDES(mutex_);

  // All of them, in order, for another index: this one has none any more. Throws std::bad_alloc.
  Addition take_all() USERTAGS_EXCLUDES(mutex_);

  // The number of the token; 0 where it is not kept.
  std::uint64_t seq_of(std::string_view token) const noexcept USERTAGS_EXCLUDES(mutex_);

  std::size_t size() const noexcept USERTAGS_EXCLUDES(mutex_);
  std::uint64_t newest() const noexcept USERTAGS_EXCLUDES(mutex_);   // its number; 0 where there is none
  std::size_t heap_bytes() const noexcept USERTAGS_EXCLUDES(mutex_);

 private:
  using Table = SlotTable<TokenPtr, &KeptToken::text, Growth::twofold>;
  static constexpr std::size_t kTables = 256;

  const KeptToken* kept(std::string_view text) const noexcept USERTAGS_REQUIRES(mutex_);
  static std::size_t table_of(std::uint32_t hash) noexcept { return hash >> 24; }
  std::size_t place_of(const Table& table, std::uint32_t hash, std::string_view text) const noexcept;

  mutable model::Mutex mutex_;
  std::array<Table, kTables> tables_ USERTAGS_GUARDED_BY(mutex_);
  const KeptToken* oldest_ USERTAGS_GUARDED_BY(mutex_) = nullptr;
  const KeptToken* newest_ USERTAGS_GUARDED_BY(mutex_) = nullptr;
  std::size_t size_ USERTAGS_GUARDED_BY(mutex_) = 0;
  std::size_t token_bytes_ USERTAGS_GUARDED_BY(mutex_) = 0;
};

class TokenIndex::Forgotten {
 public:
  Forgotten() noexcept = default;
  Forgotten(Forgotten&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
  Forgotten& operator=(Forgotten&& other) noexcept {
    std::swap(first_, other.first_);
    return *this;
  }
  ~Forgotten();

 private:
  friend class TokenIndex;
  explicit Forgotten(const KeptToken* first) noexcept : first_(first) {}

  const KeptToken* first_ = nullptr;   // and those after it
};

}   // namespace usertags::index
