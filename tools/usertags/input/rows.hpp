// Rows: the users in a file that is loaded, one after the other, never the whole file at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <usertags/error.hpp>
#include <usertags/write.hpp>

#include "input/input.hpp"

namespace usertags::command {

struct Row {
  std::uint64_t line = 0;    // at which it starts, from 1
  std::string text;          // as it stands in the file
  Result<CreateUser> user;   // or why the row is none
};

class Rows {
 public:
  virtual ~Rows() = default;

  // False at the end, and when interrupted. A row is best read into the one before it, whose memory it takes.
  virtual bool next(Row& row) = 0;
};

// CSV with a header of keys. The external id is in `id_column`, by default in the column external_id, or
// where there is none in the first one. An empty cell is no tag. The delimiter is the comma, or what a first
// line sep=D names, or `delimiter`. Error: invalid_argument, for the header, and for a file of one line that
// may as well be a row.
Result<std::unique_ptr<Rows>> csv_rows(Input& input, const std::optional<std::string>& id_column,
                                       std::optional<char> delimiter = {});

// One object a line, as parse_user() takes it. Blank lines are passed over.
std::unique_ptr<Rows> json_rows(Input& input);

}   // namespace usertags::command
