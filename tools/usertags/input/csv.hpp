// CsvReader: comma-separated values as in RFC 4180.
//
//   record = field { "," field } ( LF | CRLF | end )
//   field  = { any but quote, comma, end of record }  |  '"' { any but quote | '""' } '"'
//
// Quoted fields may hold commas, quotes and ends of lines. Another delimiter may take the comma's place. CR
// CR LF ends a record, too; any other CR outside of quotes is a problem. Empty lines are skipped. Bytes are
// passed on as they are. A record that breaks these rules is given with its problem, line by line: a quote
// that is left open takes rows with it that nobody can tell from text, so each line counts for itself.
// Reading goes on at the next line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "input/input.hpp"

namespace usertags::command {

// A row with as many and as long tags as a user may have is far below it. It bounds what an opening quote
// without its partner swallows.
inline constexpr std::size_t kMaxCsvRecord = std::size_t{1} << 20;

class CsvReader {
 public:
  struct Record {
    std::vector<std::string> fields;
    std::uint64_t line = 0;   // at which it starts, from 1
    std::string text;         // as it stands in the file, without its end
    std::string problem;      // empty: the fields are good
  };

  explicit CsvReader(Input& input, std::size_t max_record = kMaxCsvRecord)
      : input_(input), max_record_(max_record) {}

  // False at the end, and when interrupted.
  bool next(Record& record);

  void use_delimiter(char delimiter) { delimiter_ = delimiter; }

 private:
  static constexpr int kEnd = -1;

  bool take_plain_line(Record& record);
  void start(Record& record);
  int peek();
  int take(Record& record);
  std::string_view take_plain(Record& record);
  bool at_end_of_record();
  void read_field(Record& record);
  void read_plain(Record& record);
  void read_quoted(Record& record);
  bool fits(Record& record);
  void skip_record(Record& record);
  void finish(Record& record);
  void give_broken_line(Record& record);
  void skip_empty_lines();

  Input& input_;
  std::size_t max_record_;
  std::string piece_;
  std::size_t position_ = 0;   // in piece_
  std::uint64_t line_ = 1;
  std::uint64_t quote_line_ = 0;   // where the field's quote is
  char delimiter_ = ',';
  std::string broken_;          // a record with a problem, of more than one line
  std::size_t broken_at_ = 0;   // where the lines of it begin that are not given yet
  std::uint64_t broken_line_ = 0;
  std::string broken_problem_;
};

}   // namespace usertags::command
