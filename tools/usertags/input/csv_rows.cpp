#include <fmt/format.h>
#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "input/csv.hpp"
#include "input/rows.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

constexpr std::string_view kDefaultIdColumn = "external_id";

Error refusal(std::string what) {
  return Error(ErrorCode::invalid_argument, std::move(what));
}

// What the names show where another delimiter than the one that was used stands between them.
bool hold_another_delimiter(const std::vector<std::string>& names) {
  return std::ranges::any_of(
      names, [](const std::string& name) { return name.find_first_of(",;\t|") != std::string::npos; });
}

Result<void> check_header(const CsvReader::Record& header) {
  if (!header.problem.empty()) return std::unexpected(refusal("the header of the CSV: " + header.problem));
  if (hold_another_delimiter(header.fields)) {
    return std::unexpected(refusal(
        fmt::format("the header of the CSV names {}: if its delimiter is another one, say --delimiter",
                    printable_word(header.text))));
  }
  std::set<std::string_view> names;
  for (const std::string& name : header.fields) {
    if (name.empty()) {
      return std::unexpected(refusal(fmt::format("column {} of the CSV has no name", names.size() + 1)));
    }
    if (names.insert(name).second) continue;
    return std::unexpected(refusal(fmt::format("the CSV has the column {} twice", printable_word(name))));
  }
  return {};
}

Result<std::size_t> find_id_column(const std::vector<std::string>& names,
                                   const std::optional<std::string>& wanted) {
  const auto found = std::ranges::find(names, wanted.value_or(std::string(kDefaultIdColumn)));
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  if (!wanted) return 0;
  return std::unexpected(refusal(fmt::format("the CSV has no column {}", printable_word(*wanted))));
}

// Of a line sep=D, by which a spreadsheet is told the delimiter.
std::optional<char> named_delimiter(std::string_view line) {
  if (!line.starts_with("sep=") || line.size() != 5) return {};
  return line.back();
}

class CsvRows final : public Rows {
 public:
  CsvRows(CsvReader reader, std::vector<std::string> names, std::size_t id_column)
      : reader_(std::move(reader)), names_(std::move(names)), id_column_(id_column) {}

  bool next(Row& row) override {
    if (!std::exchange(is_ahead_, false) && !reader_.next(record_)) return false;
    row.line = record_.line;
    row.text = record_.text;
    row.user = user();
    return true;
  }

  // Reads ahead.
  bool has_more() { return is_ahead_ = reader_.next(record_); }

 private:
  Result<CreateUser> user() {
    if (!record_.problem.empty()) return std::unexpected(refusal(record_.problem));
    const std::size_t count = record_.fields.size();
    if (count != names_.size()) {
      return std::unexpected(
          refusal(fmt::format("{}, but the header has {}", counted(count, "field"), names_.size())));
    }
    tags_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (i != id_column_ && !record_.fields[i].empty()) tags_.push_back({names_[i], record_.fields[i]});
    }
    return CreateUser{.external_id = record_.fields[id_column_], .tags = tags_, .options = {}};
  }

  CsvReader reader_;
  CsvReader::Record record_;
  std::vector<std::string> names_;
  std::size_t id_column_;
  std::vector<std::pair<std::string_view, std::string_view>> tags_;   // of the row under construction
  bool is_ahead_ = false;                                             // record_ was not given yet
};

}   // namespace

Result<std::unique_ptr<Rows>> csv_rows(Input& input, const std::optional<std::string>& id_column,
                                       std::optional<char> delimiter) {
  CsvReader reader(input);
  reader.use_delimiter(delimiter.value_or(','));
  CsvReader::Record header;
  bool has_header = reader.next(header);
  if (const auto named = named_delimiter(header.text); has_header && named) {
    reader.use_delimiter(delimiter.value_or(*named));
    has_header = reader.next(header);
  }
  if (!has_header) return std::unexpected(refusal("the CSV has no header"));
  if (const auto checked = check_header(header); !checked) return std::unexpected(checked.error());
  const auto id = find_id_column(header.fields, id_column);
  if (!id) return std::unexpected(id.error());
  const bool is_guessed = header.fields[*id] != id_column.value_or(std::string(kDefaultIdColumn));
  auto rows = std::make_unique<CsvRows>(std::move(reader), std::move(header.fields), *id);
  if (is_guessed && !rows->has_more()) {
    return std::unexpected(refusal(
        "the CSV has no row behind its first line, which is the header and has no column external_id"));
  }
  return rows;
}

}   // namespace usertags::command
