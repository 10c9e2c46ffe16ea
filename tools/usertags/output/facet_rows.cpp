#include "output/facet_rows.hpp"

#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

// An empty value has to show. On a terminal a long one leaves room for its count and its bar.
std::string label_of(std::string_view text, std::optional<std::size_t> terminal) {
  const std::string label = text.empty() ? printable_word(text) : printable(text);
  return terminal ? clipped(label, std::max<std::size_t>(16, *terminal / 2)) : label;
}

}   // namespace

void FacetRows::add(std::string_view what, std::string_view text, std::uint64_t users) {
  if (!console_.json) {
    bars_.push_back({label_of(text, terminal_columns(console_.out().fd())), users});
    return;
  }
  JsonObject object(console_.out().buffer());
  object.text(what, text);
  object.number("users", users);
  object.close();
  console_.out().line_done();
}

void FacetRows::finish() {
  Table table({Table::Align::left, Table::Align::right, Table::Align::left});
  add_bars(table, bars_);
  table.write(console_.out().buffer(), terminal_columns(console_.out().fd()));
}

}   // namespace usertags::command
