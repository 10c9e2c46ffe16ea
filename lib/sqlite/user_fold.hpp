// UserFold: the statement that brings rows of table `user` up to what the users are.
//
// One statement for a stretch of rows: opening and closing the table, finding the page and going through the machine's
// prologue cost as much as the change of a row. An SQL function, folded(), tells what a row is going to have.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class UserFold {
 public:
  explicit UserFold(Connection& connection);

  // What a row is going to have.
  struct Row {
    std::uint32_t ordinal = 0;
    std::uint64_t revision = 0;
    std::int64_t checksum = 0;
    std::string_view tags;   // JSON
  };
  // In the order of ordinals it is fast. Rows that are not older than that, or deleted, or not there, stay as they are.
  // Where it throws, some are changed: the transaction is to be rolled back.
  void run(std::span<const Row> rows);

 private:
  Statement statement_;
};

}   // namespace usertags::sqlite
