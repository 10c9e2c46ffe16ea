#include "index/token_index.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "model/bytes.hpp"

namespace usertags::index {

KeptToken::KeptToken(const model::Token& token) noexcept
    : seq_(token.seq),
      outcome_{token.request, token.revision, token.ordinal, token.changed},
      text_bytes_(token.text.size()) {
  std::ranges::copy(token.text, reinterpret_cast<char*>(this + 1));
}

std::size_t KeptToken::memory_bytes(std::size_t text_bytes) noexcept {
  return model::heap_bytes(sizeof(KeptToken) + text_bytes);
}

TokenPtr TokenPtr::make(const model::Token& token) {
  void* const block = ::operator new(sizeof(KeptToken) + token.text.size());
  return TokenPtr(new (block) KeptToken(token));
}

TokenPtr::~TokenPtr() {
  if (token_ != nullptr) ::operator delete(const_cast<KeptToken*>(token_));
}

std::size_t TokenIndex::place_of(const Table& table, std::uint32_t hash,
                                 std::string_view text) const noexcept {
  return table.find(hash, [&](const KeptToken& token) { return token.text() == text; });
}

const KeptToken* TokenIndex::kept(std::string_view text) const noexcept {
  const std::uint32_t hash = slot_hash(text);
  const Table& table = tables_[table_of(hash)];
  const std::size_t place = place_of(table, hash, text);
  return place == Table::kNone ? nullptr : &table.at(place);
}

std::optional<TokenOutcome> TokenIndex::find(std::string_view token) const noexcept {
  const model::MutexLock lock(mutex_);
  const KeptToken* const found = kept(token);
  return found == nullptr ? std::nullopt : std::optional(found->outcome());
}

std::uint64_t TokenIndex::seq_of(std::string_view token) const noexcept {
  const model::MutexLock lock(mutex_);
  const KeptToken* const found = kept(token);
  return found == nullptr ? 0 : found->seq();
}

std::size_t TokenIndex::growth(std::span<const model::Token> tokens) const noexcept {
  std::array<std::size_t, kTables> awaited{};
  std::size_t bytes = 0;
  for (const model::Token& token : tokens) {
    bytes += KeptToken::memory_bytes(token.text.size());
    ++awaited[table_of(slot_hash(token.text))];
  }
  const model::MutexLock lock(mutex_);
  for (std::size_t i = 0; i < kTables; ++i) {
    bytes += tables_[i].heap_bytes_for(tables_[i].size() + awaited[i]) - tables_[i].heap_bytes();
  }
  return bytes;
}

TokenIndex::Addition TokenIndex::prepare(std::span<const model::Token> tokens) {
  Addition addition;
  addition.reserve(tokens.size());
  for (const model::Token& token : tokens) addition.push_back(TokenPtr::make(token));
  make_room(addition);
  return addition;
}

void TokenIndex::make_room(std::span<const TokenPtr> tokens) {
  if (tokens.empty()) return;
  std::array<std::uint32_t, kTables> awaited{};
  const model::MutexLock lock(mutex_);
  for (const TokenPtr& token : tokens) {
    const std::size_t table = table_of(slot_hash(token->text()));
    tables_[table].reserve(tables_[table].size() + ++awaited[table]);
  }
}

void TokenIndex::publish(std::span<TokenPtr> addition) noexcept {
  const model::MutexLock lock(mutex_);
  for (TokenPtr& token : addition) {
    const KeptToken* const kept = &*token;
    const std::uint32_t hash = slot_hash(kept->text());
    assert(newest_ == nullptr || newest_->seq() < kept->seq());
    assert(place_of(tables_[table_of(hash)], hash, kept->text()) == Table::kNone);
    tables_[table_of(hash)].insert(hash, std::move(token));
    (newest_ == nullptr ? oldest_ : newest_->next_) = kept;
    newest_ = kept;
    token_bytes_ += kept->memory_bytes();
  }
  size_ += addition.size();
}

TokenIndex::Forgotten TokenIndex::forget(std::uint64_t last) noexcept {
  const model::MutexLock lock(mutex_);
  if (oldest_ == nullptr || oldest_->seq() > last) return {};
  Forgotten forgotten(oldest_);
  const KeptToken* newest_forgotten = nullptr;
  for (; oldest_ != nullptr && oldest_->seq() <= last; oldest_ = oldest_->next_) {
    newest_forgotten = oldest_;
    token_bytes_ -= oldest_->memory_bytes();
    --size_;
    const std::uint32_t hash = slot_hash(oldest_->text());
    Table& table = tables_[table_of(hash)];
    table.erase(place_of(table, hash, oldest_->text())).detach();
  }
  newest_forgotten->next_ = nullptr;
  if (oldest_ == nullptr) newest_ = nullptr;
  return forgotten;
}

TokenIndex::Addition TokenIndex::take_all() {
  Addition all;
  all.reserve(size());
  Forgotten forgotten = forget(newest());
  while (forgotten.first_ != nullptr) {
    all.push_back(TokenPtr::adopt(forgotten.first_));
    forgotten.first_ = std::exchange(forgotten.first_->next_, nullptr);
  }
  return all;
}

TokenIndex::Forgotten::~Forgotten() {
  while (first_ != nullptr) {
    const TokenPtr token = TokenPtr::adopt(first_);
    first_ = token->next_;
  }
}

std::size_t TokenIndex::size() const noexcept {
  const model::MutexLock lock(mutex_);
  return size_;
}

std::uint64_t TokenIndex::newest() const noexcept {
  const model::MutexLock lock(mutex_);
  return newest_ == nullptr ? 0 : newest_->seq();
}

std::size_t TokenIndex::heap_bytes() const noexcept {
  const model::MutexLock lock(mutex_);
  std::size_t bytes = token_bytes_;
  for (const Table& table : tables_) bytes += table.heap_bytes();
  return bytes;
}

}   // namespace usertags::index
