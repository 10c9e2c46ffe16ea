#include "output/change_lines.hpp"

#include <fmt/format.h>
#include <iterator>

#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using Align = Table::Align;

}   // namespace

std::string utc(std::chrono::sys_time<std::chrono::milliseconds> time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string tags_line(std::span<const TagChange> tags) {
  std::string out;
  for (const TagChange& tag : tags) {
    if (!out.empty()) out += ' ';
    if (tag.value) {
      fmt::format_to(std::back_inserter(out), "{}={}", printable_word(tag.key), printable_word(*tag.value));
    } else {
      out += '!' + printable_word(tag.key);
    }
    if (tag.before) fmt::format_to(std::back_inserter(out), " (was {})", printable_word(*tag.before));
  }
  return out;
}

namespace {

void append_object(std::string& out, std::span<const TagChange> tags,
                   std::optional<std::string> TagChange::* value) {
  JsonObject object(out);
  for (const TagChange& tag : tags) {
    std::string name;   // as JsonObject takes it: between its quotes
    append_json_string(name, tag.key);
    object.text_or_null(std::string_view(name).substr(1, name.size() - 2), tag.*value);
  }
  object.close();
}

}   // namespace

void append_json(std::string& out, std::span<const TagChange> tags) {
  append_object(out, tags, &TagChange::value);
}

void append_json_before(std::string& out, std::span<const TagChange> tags) {
  append_object(out, tags, &TagChange::before);
}

void append_json(std::string& out, const Change& change, const Position& position) {
  JsonObject object(out);
  object.text("position", position.at(change.revision).text());
  object.number("revision", change.revision);
  object.number("transaction", change.transaction);
  object.text("at", utc(change.at));
  object.text("user", change.user_id);
  object.text("external_id", change.external_id);
  object.text("kind", to_string(change.kind));
  append_json(object.name_of("tags"), change.tags);
  if (change.before_known) {
    append_json_before(object.name_of("before"), change.tags);
  } else {
    object.null("before");
  }
  object.text("note", change.note);
  object.close();
}

ChangeLines::ChangeLines(Console& console)
    : console_(console),
      table_({Align::right, Align::left, Align::left, Align::left, Align::left, Align::left}) {
  table_.header({"REVISION", "AT", "EXTERNAL ID", "KIND", "NOTE", "TAGS"}, console.style());
}

void ChangeLines::print(std::span<const Change> changes, const Position& position) {
  for (const Change& change : changes) {
    if (console_.json) {
      append_json(console_.out().buffer(), change, position);
      console_.out().line_done();
    } else {
      table_.row({std::to_string(change.revision), utc(change.at), printable(change.external_id),
                  std::string(to_string(change.kind)), printable(change.note), tags_line(change.tags)});
    }
  }
  if (!console_.json) table_.write(console_.out().buffer(), terminal_columns(console_.out().fd()));
  console_.out().flush();
}

}   // namespace usertags::command
