#include "sqlite/stored_row.hpp"

#include <string>

#include "model/failure.hpp"

namespace usertags::sqlite {

std::int64_t StoredRow::integer(int column, const char* name) const {
  if (row_.type(column) != ColumnType::integer) reject(name);
  return row_.integer(column);
}

std::int64_t StoredRow::integer(int column, const char* name, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = integer(column, name);
  if (value < low || value > high) reject(name);
  return value;
}

std::uint64_t StoredRow::bits(int column, const char* name) const {
  return static_cast<std::uint64_t>(integer(column, name));
}

std::uint64_t StoredRow::number(int column, const char* name, std::int64_t low) const {
  return static_cast<std::uint64_t>(integer(column, name, low, kMaxInteger));
}

std::uint32_t StoredRow::ordinal(int column, const char* name) const {
  return static_cast<std::uint32_t>(integer(column, name, 1, kMaxOrdinal));
}

std::uint32_t StoredRow::ordinal_or_none(int column, const char* name) const {
  return row_.is_null(column) ? 0 : ordinal(column, name);
}

std::string_view StoredRow::text(int column, const char* name) const {
  if (row_.type(column) != ColumnType::text) reject(name);
  return row_.text(column);
}

std::optional<std::string_view> StoredRow::text_or_null(int column, const char* name) const {
  if (row_.is_null(column)) return std::nullopt;
  return text(column, name);
}

std::span<const std::uint8_t> StoredRow::blob(int column, const char* name, std::size_t low,
                                              std::size_t high) const {
  if (row_.type(column) != ColumnType::blob) reject(name);
  const auto bytes = row_.blob(column);
  if (bytes.size() < low || bytes.size() > high) reject(name);
  return bytes;
}

std::span<const std::uint8_t, 16> StoredRow::bytes16(int column, const char* name) const {
  return blob(column, name, 16, 16).first<16>();
}

void StoredRow::reject(const char* name) const {
  model::fail(ErrorCode::corrupt_store,
              "table '" + std::string(table_) + "' has a row that no store writes (column '" + name + "')");
}

}   // namespace usertags::sqlite
