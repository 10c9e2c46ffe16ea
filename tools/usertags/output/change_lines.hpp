// Changes as lines: for people in columns, for programs as JSON, one object a line.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include <usertags/change.hpp>

#include "output/table.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

// 2026-11-23T22:35:43.123Z (RFC 3339).
std::string utc(std::chrono::sys_time<std::chrono::milliseconds> time);

// key=value, and !key for what was removed; behind either, in parentheses, what the key had before.
std::string tags_line(std::span<const TagChange> tags);

// {KEY:VALUE or null}: what the keys have, and what they had before.
void append_json(std::string& out, std::span<const TagChange> tags);
void append_json_before(std::string& out, std::span<const TagChange> tags);

// {"position","revision","transaction","at","user","external_id","kind","tags":{KEY:VALUE or null},
//  "before":{KEY:VALUE or null} or null,"note"}
// `position` is one of the store that the change is of.
void append_json(std::string& out, const Change& change, const Position& position);

class ChangeLines {
 public:
  explicit ChangeLines(Console& console);

  // Prints the changes of a page, and flushes. `position` is one of their store.
  void print(std::span<const Change> changes, const Position& position);

 private:
  Console& console_;
  Table table_;
};

}   // namespace usertags::command
