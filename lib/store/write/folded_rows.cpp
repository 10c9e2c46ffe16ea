#include "store/write/folded_rows.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "sqlite/tables.hpp"

namespace usertags::store {

using Row = sqlite::UserFold::Row;

void FoldedRows::begin(std::vector<std::uint32_t>&& ordinals, std::uint64_t revision) noexcept {
  finish();
  ordinals_ = std::move(ordinals);
  revision_ = revision;
  begun_ = projection_.companion().start(*this);
}

void FoldedRows::finish() noexcept {
  projection_.companion().finish(begun_);
}

void FoldedRows::run() noexcept {
  try {
    make(ordinals_, revision_);
  } catch (const std::bad_alloc&) {   // visit() tries again
  }
}

std::size_t FoldedRows::make(std::span<const std::uint32_t> ordinals, std::uint64_t revision) {
  made_at_.reset();
  rows_.clear();
  text_.clear();
  std::span<const std::uint32_t> left = ordinals;
  while (!left.empty() && text_.size() < kMaxTextBytes) {
    const auto some = left.first(std::min(left.size(), index::Projection::kMaxPrefetch));
    projection_.visit_each(some, [this](const model::Record& record) {
      rows_.push_back(sqlite::UserTable::folded(record, text_));
    });
    left = left.subspan(some.size());
  }
  const char* at = text_.data();   // now that it moves no more
  for (Row& row : rows_) {
    row.tags = {at, row.tags.size()};
    at += row.tags.size();
  }
  made_at_ = revision;
  return ordinals.size() - left.size();
}

// As far as they are the same users: fewer may be folded than was expected.
std::span<const Row> FoldedRows::made_of(std::span<const std::uint32_t> ordinals,
                                         std::uint64_t revision) noexcept {
  finish();
  if (made_at_ != revision) return {};
  const auto differ = std::ranges::mismatch(rows_, ordinals, {}, &Row::ordinal);
  return {rows_.begin(), differ.in1};
}

}   // namespace usertags::store
