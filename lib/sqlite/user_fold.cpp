#include "sqlite/user_fold.hpp"

#include <algorithm>
#include <cstddef>

#include <sqlite3.h>

#include "sqlite/connection.hpp"

namespace usertags::sqlite {
namespace {

// From one ordinal to the next: looking at the rows in between, which stay, costs no more than another statement.
constexpr std::uint32_t kMaxGap = 8;

// What the statement folds, bound to it as a pointer.
class Stretch {
 public:
  static constexpr const char* kType = "usertags_fold";

  explicit Stretch(std::span<const UserFold::Row> rows) noexcept : rows_(rows) {}

  // SQLite asks for one row after the other, some times for each; in which order is its own affair.
  const UserFold::Row* find(std::int64_t ordinal) noexcept {
    if (next_ > 0 && ordinal <= rows_[next_ - 1].ordinal) next_ = 0;
    while (next_ < rows_.size() && rows_[next_].ordinal < ordinal) ++next_;
    return next_ < rows_.size() && rows_[next_].ordinal == ordinal ? &rows_[next_] : nullptr;
  }

 private:
  std::span<const UserFold::Row> rows_;
  std::size_t next_ = 0;
};

// folded(stretch, ordinal, column); NULL: the row stays as it is.
enum Column : int { revision, checksum, tags };

void folded(sqlite3_context* context, int /*count*/, sqlite3_value** values) noexcept {
  auto* const stretch = static_cast<Stretch*>(sqlite3_value_pointer(values[0], Stretch::kType));
  const UserFold::Row* const row =
      stretch == nullptr ? nullptr : stretch->find(sqlite3_value_int64(values[1]));
  if (row == nullptr) return;
  switch (sqlite3_value_int(values[2])) {
    case Column::revision: return sqlite3_result_int64(context, static_cast<sqlite3_int64>(row->revision));
    case Column::checksum: return sqlite3_result_int64(context, row->checksum);
    default:
      return sqlite3_result_text64(context, row->tags.data(), row->tags.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
}

Connection& with_function(Connection& connection) {
  const int result =
      sqlite3_create_function_v2(connection.handle(), "folded", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, nullptr,
                                 folded, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw_failure(connection.handle(), result, "cannot define folded()");
  return connection;
}

constexpr std::string_view kFold =
    "UPDATE user "
    "SET revision = folded(?3, ordinal, 0), checksum = folded(?3, ordinal, 1), tags = folded(?3, ordinal, 2) "
    "WHERE ordinal BETWEEN ?1 AND ?2 AND folded(?3, ordinal, 0) > revision AND tags IS NOT NULL";

std::size_t length_of_stretch(std::span<const UserFold::Row> rows) noexcept {
  std::size_t length = 1;
  while (length < rows.size() && rows[length].ordinal > rows[length - 1].ordinal &&
         rows[length].ordinal - rows[length - 1].ordinal <= kMaxGap)
    ++length;
  return length;
}

}   // namespace

UserFold::UserFold(Connection& connection) : statement_(with_function(connection), kFold) {}

void UserFold::run(std::span<const Row> rows) {
  while (!rows.empty()) {
    const std::span<const Row> some = rows.first(length_of_stretch(rows));
    Stretch stretch(some);
    statement_.bind(1, some.front().ordinal)
        .bind(2, some.back().ordinal)
        .bind_pointer(3, &stretch, Stretch::kType)
        .run();
    rows = rows.subspan(some.size());
  }
}

}   // namespace usertags::sqlite
