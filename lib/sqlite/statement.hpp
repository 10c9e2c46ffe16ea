// Statement: a prepared statement.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "sqlite/connection.hpp"

struct sqlite3_stmt;

namespace usertags::sqlite {

enum class ColumnType : std::uint8_t { integer = 1, real = 2, text = 3, blob = 4, null = 5 };

// Binding is positional from 1, columns count from 0. Text and blobs are bound without a copy: they must live
// until the statement is reset. Every use binds every parameter anew: what is not bound keeps its last value.
// One thread at a time. The connection outlives the statement; after Connection::close or abandon nothing but
// the destructor may be called.
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

}   // namespace usertags::sqlite
