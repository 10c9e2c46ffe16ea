// RowInserter: appends rows to a table, sixteen a statement: such a one opens the table once, and finds the
// end of it once.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class RowInserter {
 public:
  static constexpr std::size_t kRows = 16;
  static constexpr int kMaxColumns = 10;
  static constexpr int kMaxVariables = static_cast<int>(kRows) * kMaxColumns;   // a limit of the connection

  // `target`: the table and its columns, as they stand in an INSERT.
  RowInserter(Connection& connection, std::string_view target, int columns);

  // bind(statement, first, row) binds the parameters from `first` on. Texts must live until it returns.
  template <class Row, class Bind>
  void insert(std::span<const Row> rows, Bind&& bind) {
    for (; rows.size() >= kRows; rows = rows.subspan(kRows)) run(many_, rows.first(kRows), bind);
    for (; !rows.empty(); rows = rows.subspan(1)) run(one_, rows.first(1), bind);
  }

 private:
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
