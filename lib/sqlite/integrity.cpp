#include "sqlite/integrity.hpp"

#include "sqlite/statement.hpp"

namespace usertags::sqlite {

std::vector<std::string> integrity_problems(Connection& connection) {
  std::vector<std::string> problems;
  Statement check(connection, "PRAGMA integrity_check(100)");
  while (check.step()) {
    if (check.text(0) != "ok") problems.emplace_back(check.text(0));
  }
  return problems;
}

}   // namespace usertags::sqlite
