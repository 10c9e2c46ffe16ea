// Columns of rows as a store writes them. What no store writes, of another type or out of range, is a
// Failure (corrupt_store) that names table and column: a file may hold anything, whatever its schema says.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "sqlite/statement.hpp"

namespace usertags::sqlite {

inline constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kMaxOrdinal = std::numeric_limits<std::uint32_t>::max();

// The row at which a statement stands. Lives no longer than the statement.
class StoredRow {
 public:
  StoredRow(const Statement& row, const char* table) noexcept : row_(row), table_(table) {}

  std::int64_t integer(int column, const char* name) const;   // all 64 bits
  std::int64_t integer(int column, const char* name, std::int64_t low, std::int64_t high) const;
  std::uint64_t bits(int column, const char* name) const;                           // all 64, unsigned
  std::uint64_t number(int column, const char* name, std::int64_t low = 0) const;   // below 2^63
  std::uint32_t ordinal(int column, const char* name = "ordinal") const;
  std::uint32_t ordinal_or_none(int column, const char* name = "ordinal") const;   // 0: NULL
  std::string_view text(int column, const char* name) const;
  std::optional<std::string_view> text_or_null(int column, const char* name) const;
  std::span<const std::uint8_t> blob(int column, const char* name, std::size_t low, std::size_t high) const;
  std::span<const std::uint8_t, 16> bytes16(int column, const char* name) const;

  [[noreturn]] void reject(const char* name) const;

 private:
  const Statement& row_;
  const char* table_;
};

}   // namespace usertags::sqlite
