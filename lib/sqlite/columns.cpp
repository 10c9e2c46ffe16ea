#include "sqlite/columns.hpp"

namespace usertags::sqlite {

std::string list_of(TableView table) {
  std::string list;
  for (const std::string_view column : table.columns) list.append(list.empty() ? "" : ", ").append(column);
  return list;
}

std::string select_from(TableView table) {
  return "SELECT " + list_of(table) + " FROM " + table.name;
}

std::string rows_for(TableView table, std::size_t rows) {
  std::string row = "(?";
  for (std::size_t column = 1; column < table.columns.size(); ++column) row += ",?";
  row += ')';
  std::string sql = std::string(table.name) + '(' + list_of(table) + ") VALUES " + row;
  for (std::size_t i = 1; i < rows; ++i) sql.append(",").append(row);
  return sql;
}

}   // namespace usertags::sqlite
