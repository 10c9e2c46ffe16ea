#include "sqlite/row_inserter.hpp"

#include <string>

namespace usertags::sqlite {
namespace {

std::string insert_rows(std::string_view target, int columns, std::size_t rows) {
  std::string row = "(?";
  for (int column = 1; column < columns; ++column) row += ",?";
  row += ')';
  std::string sql = "INSERT INTO ";
  sql.append(target).append(" VALUES ").append(row);
  for (std::size_t i = 1; i < rows; ++i) sql.append(",").append(row);
  return sql;
}

}   // namespace

RowInserter::RowInserter(Connection& connection, std::string_view target, int columns)
    : columns_(columns),
      one_(connection, insert_rows(target, columns, 1)),
      many_(connection, insert_rows(target, columns, kRows)) {}

}   // namespace usertags::sqlite
