#include "sqlite/statement.hpp"

#include <cassert>
#include <string>
#include <utility>

#include <sqlite3.h>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/connection.hpp"

namespace usertags::sqlite {

static_assert(static_cast<int>(ColumnType::integer) == SQLITE_INTEGER);
static_assert(static_cast<int>(ColumnType::real) == SQLITE_FLOAT);
static_assert(static_cast<int>(ColumnType::text) == SQLITE_TEXT);
static_assert(static_cast<int>(ColumnType::blob) == SQLITE_BLOB);
static_assert(static_cast<int>(ColumnType::null) == SQLITE_NULL);

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection.handle_.get()) {
  const int result = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (result != SQLITE_OK) throw_failure(connection.handle(), result, "cannot prepare " + model::quoted(sql));
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() {
  // Closing the connection finalizes its statements; an abandoned one is not to be touched.
  if (connection_->sqlite != nullptr) sqlite3_finalize(statement_);
}

Statement& Statement::bind_integer(int index, std::int64_t value) {
  check_bound(sqlite3_bind_int64(statement_, index, value));
  return *this;
}

// To SQLite a null pointer is NULL; an empty view may well have one.
Statement& Statement::bind_text(int index, std::string_view value) {
  const char* text = value.data() == nullptr ? "" : value.data();
  check_bound(sqlite3_bind_text64(statement_, index, text, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int index, std::span<const std::uint8_t> value) {
  const void* bytes = value.data() == nullptr ? static_cast<const void*>("") : value.data();
  check_bound(sqlite3_bind_blob64(statement_, index, bytes, value.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_null(int index) {
  check_bound(sqlite3_bind_null(statement_, index));
  return *this;
}

Statement& Statement::bind_pointer(int index, void* value, const char* type) {
  check_bound(sqlite3_bind_pointer(statement_, index, value, type, nullptr));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fail(result);
  reset();
  return false;
}

void Statement::run() {
  [[maybe_unused]] const bool has_row = step();
  assert(!has_row);
}

int Statement::run_and_count() {
  run();
  return sqlite3_changes(connection_->sqlite);
}

// Its result is that of the step before, which was judged there.
void Statement::reset() noexcept {
  sqlite3_reset(statement_);
}

ColumnType Statement::type(int column) const noexcept {
  return static_cast<ColumnType>(sqlite3_column_type(statement_, column));
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(statement_, column);
}

// Texts lie in the row as UTF-8 (schema.cpp refuses other encodings), so that the bytes are there without a
// conversion, which could run out of memory.
std::string_view Statement::text(int column) const noexcept {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return "";   // where it is empty; functions of C want an address
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::uint8_t> Statement::blob(int column) const noexcept {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::fail(int result_code) {
  const ResetAtEnd reset(*this);   // also where there is no memory for the text
  throw_failure(connection_->sqlite, result_code, "cannot run " + model::quoted(sqlite3_sql(statement_)));
}

void Statement::check_bound(int result_code) {
  assert(result_code != SQLITE_MISUSE && result_code != SQLITE_RANGE);
  if (result_code != SQLITE_OK) fail(result_code);
}

std::int64_t StoredRow::integer(int column) const {
  if (row_.type(column) != ColumnType::integer) reject(column);
  return row_.integer(column);
}

std::int64_t StoredRow::integer(int column, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = integer(column);
  if (value < low || value > high) reject(column);
  return value;
}

std::uint64_t StoredRow::bits(int column) const {
  return static_cast<std::uint64_t>(integer(column));
}

std::uint64_t StoredRow::number(int column, std::int64_t low) const {
  return static_cast<std::uint64_t>(integer(column, low, kMaxInteger));
}

std::uint32_t StoredRow::ordinal(int column) const {
  return static_cast<std::uint32_t>(integer(column, 1, kMaxOrdinal));
}

std::uint32_t StoredRow::ordinal_or_none(int column) const {
  return row_.is_null(column) ? 0 : ordinal(column);
}

std::string_view StoredRow::text(int column) const {
  if (row_.type(column) != ColumnType::text) reject(column);
  return row_.text(column);
}

std::optional<std::string_view> StoredRow::text_or_null(int column) const {
  if (row_.is_null(column)) return std::nullopt;
  return text(column);
}

std::span<const std::uint8_t> StoredRow::blob(int column, std::size_t low, std::size_t high) const {
  if (row_.type(column) != ColumnType::blob) reject(column);
  const auto bytes = row_.blob(column);
  if (bytes.size() < low || bytes.size() > high) reject(column);
  return bytes;
}

std::span<const std::uint8_t, 16> StoredRow::bytes16(int column) const {
  return blob(column, 16, 16).first<16>();
}

void StoredRow::reject(int column) const {
  const std::string_view name = table_.columns[static_cast<std::size_t>(column)];
  model::fail(ErrorCode::corrupt_store, std::string("table '") + table_.name +
                                            "' has a row that no store writes (column '" + std::string(name) +
                                            "')");
}

RowInserter::RowInserter(Connection& connection, TableView table)
    : columns_(static_cast<int>(table.columns.size())),
      one_(connection, "INSERT INTO " + rows_for(table)),
      many_(connection, "INSERT INTO " + rows_for(table, kRows)) {}

}   // namespace usertags::sqlite
