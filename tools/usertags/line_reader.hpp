// LineReader: input in lines, without waiting for more than there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

#include "input.hpp"

namespace usertags::command {

inline constexpr std::size_t kMaxLine = std::size_t{16} << 20;

// A line of more than `max_line` bytes is given without its text; the one after it is read as usual.
//
//   while (reader.fill())
//     while (auto line = reader.next()) use(*line);
//   // here, and between two fills: every whole line that has arrived was seen
class LineReader {
 public:
  struct Line {
    std::string_view text;   // without its end, "\n" or "\r\n"; valid until the next call
    std::uint64_t number;    // from 1
    bool too_long;
  };

  explicit LineReader(Input& input, std::size_t max_line = kMaxLine) : input_(input), max_line_(max_line) {}

  // Waits for more input. False when there is no more, and all of it was given.
  bool fill();

  // The next whole line; at the end of the input, also one that lacks its newline.
  std::optional<Line> next();

 private:
  Line take(std::size_t length, std::size_t with_end);

  Input& input_;
  std::size_t max_line_;
  std::string buffer_;
  std::size_t start_ = 0;     // of the line that is not given yet
  std::size_t scanned_ = 0;   // there is no newline before it
  std::uint64_t number_ = 0;
  bool too_long_ = false;   // the start of this line was dropped
  bool ended_ = false;
};

// Whether a line is to be passed over, as it is in every input of lines.
bool is_blank(std::string_view line);

// What to answer to a line that is too long for kMaxLine: invalid_argument.
Error line_too_long();

}   // namespace usertags::command
