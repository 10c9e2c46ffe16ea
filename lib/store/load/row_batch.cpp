#include "store/load/row_batch.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "store/load/replay.hpp"

namespace usertags::store {

void RowBatch::add(const sqlite::UserTable::Row& row) {
  const auto copied = [this](std::string_view text) {
    char* const copy = static_cast<char*>(texts_.allocate(text.size() + 1, 1));
    std::ranges::copy(text, copy);
    return std::string_view(copy, text.size());
  };
  sqlite::UserTable::Row& kept = rows_.emplace_back(row);
  kept.id = copied(row.id);
  kept.external_id = copied(row.external_id);
  if (row.tags) kept.tags = copied(*row.tags);
}

RowBatch::Users RowBatch::users(const sqlite::State& state) const {
  Users users;
  users.records.reserve(rows_.size());
  model::PatchDecoder decoder;
  for (const sqlite::UserTable::Row& row : rows_) {
    auto record = to_record(row, state, decoder);
    if (!record) {
      const auto& [code, what] = record.error();
      users.problems.push_back(wrong_row(row.ordinal, row.id, code, what));
      continue;
    }
    if (!(*record)->is_tombstone()) users.digest += model::user_hash(**record);
    users.records.push_back(*std::move(record));
  }
  return users;
}

}   // namespace usertags::store
