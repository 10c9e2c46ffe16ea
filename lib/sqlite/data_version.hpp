// DataVersion: a number that changes whenever another connection commits, and only then: the cheap look
// whether a file has changed. One thread at a time.
#pragma once

#include <cstdint>

#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class DataVersion {
 public:
  explicit DataVersion(Connection& connection) : statement_(connection, "PRAGMA data_version") {}

  // Of the transaction's moment, or of now where there is none. Throws Failure.
  std::int64_t read() {
    const ResetAtEnd reset(statement_);
    statement_.step();
    return statement_.integer(0);
  }

 private:
  Statement statement_;
};

}   // namespace usertags::sqlite
