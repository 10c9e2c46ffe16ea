#include "input/input.hpp"
#include "input/rows.hpp"
#include "input/write_in.hpp"

namespace usertags::command {

namespace {

class JsonRows final : public Rows {
 public:
  // Reads the beginning, so that a file that is refused for it makes no store.
  explicit JsonRows(Input& input) : reader_(input) { reader_.fill(); }

  bool next(Row& row) override {
    do {
      while (const auto line = reader_.next()) {
        if (!line->too_long && is_blank(line->text)) continue;
        row.line = line->number;
        row.text = line->text;
        row.user = line->too_long ? std::unexpected(line_too_long()) : parse_user(line->text);
        return true;
      }
    } while (reader_.fill());
    return false;
  }

 private:
  LineReader reader_;
};

}   // namespace

std::unique_ptr<Rows> json_rows(Input& input) {
  return std::make_unique<JsonRows>(input);
}

}   // namespace usertags::command
