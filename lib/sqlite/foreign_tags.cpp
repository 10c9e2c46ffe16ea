#include "sqlite/foreign_tags.hpp"

#include "sqlite/statement.hpp"

namespace usertags::sqlite {

bool is_tags_object(Connection& connection, std::string_view json) {
  Statement judgement(connection,
                      "SELECT CASE WHEN NOT json_valid(?1) THEN 0 WHEN json_type(?1) <> 'object' THEN 0 "
                      "ELSE NOT EXISTS (SELECT 1 FROM json_each(?1) WHERE type <> 'text') END");
  judgement.bind_text(1, json);
  return judgement.step() && judgement.integer(0) != 0;
}

}  // namespace usertags::sqlite
