#include "input/input.hpp"
#include "input/rows.hpp"
#include "input/write_in.hpp"

namespace usertags::command {

namespace {

class JsonRows final : public Rows {
 public:
  // Reads the beginning, so that a file that is refused for it makes no store.
  explicit JsonRows(Input& input) : reader_(input) { reader_.fill(); }

  std::optional<Row> next() override {
    do {
      while (const auto line = reader_.next()) {
        if (line->too_long || !is_blank(line->text)) return row(*line);
      }
    } while (reader_.fill());
    return {};
  }

 private:
  static Row row(const LineReader::Line& line) {
    if (!line.too_long) return {line.number, std::string(line.text), parse_user(line.text)};
    return {line.number, {}, std::unexpected(line_too_long())};
  }

  LineReader reader_;
};

}   // namespace

std::unique_ptr<Rows> json_rows(Input& input) {
  return std::make_unique<JsonRows>(input);
}

}   // namespace usertags::command
