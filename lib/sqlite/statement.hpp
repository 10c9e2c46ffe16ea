// Statements, and the rows that they read and append.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "sqlite/columns.hpp"
#include "sqlite/connection.hpp"

struct sqlite3_stmt;

namespace usertags::sqlite {

enum class ColumnType : std::uint8_t { integer = 1, real = 2, text = 3, blob = 4, null = 5 };

// A prepared statement. Binding is positional from 1, columns count from 0. Text and blobs are bound without
// a copy: they must live until the statement is reset. Every use binds every parameter anew: what is not
// bound keeps its last value. One thread at a time. The connection outlives the statement; after
// Connection::close or abandon nothing but the destructor may be called.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  template <std::integral Integer>
  Statement& bind(int index, Integer value) {   // unsigned 64 bits are stored as the signed ones
    return bind_integer(index, static_cast<std::int64_t>(value));
  }
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::span<const std::uint8_t> value);
  Statement& bind_null(int index);
  // For an SQL function of ours; elsewhere it is NULL.
  Statement& bind_pointer(int index, void* value, const char* type);

  // By the type of a value.
  template <std::integral Integer>
  Statement& bind_value(int index, Integer value) {
    return bind(index, value);
  }
  Statement& bind_value(int index, std::string_view value) { return bind_text(index, value); }
  Statement& bind_value(int index, std::span<const std::uint8_t> value) { return bind_blob(index, value); }
  template <class Value>
  Statement& bind_value(int index, const std::optional<Value>& value) {   // none: NULL
    return value ? bind_value(index, *value) : bind_null(index);
  }

  bool step();           // true: a row stands; false: done (and reset, bindings kept)
  void run();            // steps to the end of a statement without rows, then resets
  int run_and_count();   // the same; answers how many rows it inserted, updated or deleted
  void reset() noexcept;

  ColumnType type(int column) const noexcept;
  bool is_null(int column) const noexcept { return type(column) == ColumnType::null; }
  std::int64_t integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;                // valid until the next step or reset
  std::span<const std::uint8_t> blob(int column) const noexcept;   // likewise

 private:
  Statement& bind_integer(int index, std::int64_t value);
  [[noreturn]] void fail(int result_code);
  void check_bound(int result_code);

  const Connection::Handle* connection_;
  sqlite3_stmt* statement_ = nullptr;
};

// Resets a statement when it goes out of scope: a row that stands keeps a read transaction open.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) noexcept : statement_(statement) {}
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  ~ResetAtEnd() { statement_.reset(); }

 private:
  Statement& statement_;
};

// Binds a value to each of so many columns, from parameter `first` on. A column without a value does not
// compile.
template <int kColumns, class... Values>
void bind_row(Statement& statement, int first, const Values&... values) {
  static_assert(sizeof...(Values) == kColumns, "bind a value to each column, in their order");
  (statement.bind_value(first++, values), ...);
}

// --- Rows that are read. ---

inline constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kMaxOrdinal = std::numeric_limits<std::uint32_t>::max();

// The row of a table at which a statement stands, as a store writes it. What no store writes, of another type
// or out of range, is a Failure (corrupt_store) that names table and column: a file may hold anything,
// whatever its schema says. Lives no longer than the statement.
class StoredRow {
 public:
  StoredRow(const Statement& row, TableView table) noexcept : row_(row), table_(table) {}

  std::int64_t integer(int column) const;   // all 64 bits
  std::int64_t integer(int column, std::int64_t low, std::int64_t high) const;
  std::uint64_t bits(int column) const;                           // all 64, unsigned
  std::uint64_t number(int column, std::int64_t low = 0) const;   // below 2^63
  std::uint32_t ordinal(int column) const;
  std::uint32_t ordinal_or_none(int column) const;   // 0: NULL
  std::string_view text(int column) const;
  std::optional<std::string_view> text_or_null(int column) const;
  std::span<const std::uint8_t> blob(int column, std::size_t low, std::size_t high) const;
  std::span<const std::uint8_t, 16> bytes16(int column) const;

  [[noreturn]] void reject(int column) const;

 private:
  const Statement& row_;
  const TableView table_;
};

// --- Rows that are appended. ---

// Sixteen rows a statement: such a one opens the table once, and finds the end of it once.
class RowInserter {
 public:
  static constexpr std::size_t kRows = 16;
  static constexpr int kMaxColumns = 10;
  static constexpr int kMaxVariables = static_cast<int>(kRows) * kMaxColumns;   // a limit of the connection

  template <std::size_t kColumns>
  RowInserter(Connection& connection, const Table<kColumns>& table)
      : RowInserter(connection, TableView(table)) {
    static_assert(kColumns <= kMaxColumns,
                  "kRows rows of this table have more parameters than kMaxVariables");
  }

  // bind(statement, first, row) binds the parameters from `first` on. Texts must live until it returns.
  template <class Row, class Bind>
  void insert(std::span<const Row> rows, Bind&& bind) {
    for (; rows.size() >= kRows; rows = rows.subspan(kRows)) run(many_, rows.first(kRows), bind);
    for (; !rows.empty(); rows = rows.subspan(1)) run(one_, rows.first(1), bind);
  }

 private:
  RowInserter(Connection& connection, TableView table);

  template <class Row, class Bind>
  void run(Statement& statement, std::span<const Row> rows, Bind&& bind) {
    int first = 1;
    for (const Row& row : rows) {
      bind(statement, first, row);
      first += columns_;
    }
    statement.run();
  }

  int columns_;
  Statement one_;
  Statement many_;
};

}   // namespace usertags::sqlite
