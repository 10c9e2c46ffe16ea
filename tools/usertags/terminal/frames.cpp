#include "terminal/frames.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <string>
#include <vector>

#include "output/text.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

namespace {

std::vector<std::string> lines_of(std::string_view frame) {
  std::vector<std::string> lines;
  while (!frame.empty()) {
    const std::size_t end = std::min(frame.find('\n'), frame.size());
    lines.emplace_back(frame.substr(0, end));
    frame.remove_prefix(std::min(end + 1, frame.size()));
  }
  return lines;
}

// The cursor stands below the last line, which takes a line of the terminal, too.
void fit(std::vector<std::string>& lines, std::size_t rows, std::size_t columns) {
  if (lines.size() < rows || rows < 3) return;
  const std::size_t left_out = lines.size() - (rows - 2);
  lines.resize(rows - 2);
  lines.push_back(
      clipped(fmt::format("… {} below: make the window higher", counted(left_out, "line")), columns));
}

}   // namespace

Frames::Frames(Output& out) : out_(out), is_screen_(command::is_screen(out.fd())) {}

void Frames::show(std::string_view frame) {
  std::string& text = out_.buffer();
  if (!is_screen_) {
    if (shown_ != 0) text += '\n';
    text += frame;
    shown_ = 1;
    return out_.flush();
  }
  const auto columns = terminal_columns(out_.fd());
  std::vector<std::string> lines = lines_of(frame);
  fit(lines, terminal_rows(out_.fd()).value_or(24), columns.value_or(80));
  // In a window of another width what was shown takes other lines: it is left, and shown anew below.
  if (shown_ != 0 && columns == columns_) text += fmt::format("\r\x1b[{}A", shown_);
  for (const std::string& line : lines) text.append(line).append("\x1b[K\n");
  text += "\x1b[J";
  shown_ = lines.size();
  columns_ = columns;
  out_.flush();
}

void Frames::finish() {
  if (is_screen_) out_.buffer() += "\r\x1b[K";
}

}   // namespace usertags::command
