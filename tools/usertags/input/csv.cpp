#include "input/csv.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "terminal/signals.hpp"

namespace usertags::command {

bool CsvReader::next(Record& record) {
  if (broken_at_ < broken_.size()) {
    give_broken_line(record);
    return !interrupted();
  }
  skip_empty_lines();
  if (peek() == kEnd) return false;
  if (take_plain_line(record)) return !interrupted();
  start(record);
  read_field(record);
  while (record.problem.empty() && peek() == static_cast<unsigned char>(delimiter_)) {
    take(record);
    read_field(record);
  }
  if (!record.problem.empty()) skip_record(record);
  finish(record);
  if (!record.problem.empty() && record.text.contains('\n')) {
    broken_line_ = std::exchange(record.line, 0);
    broken_problem_ = "a part of the record of line " + std::to_string(broken_line_) + ": " + record.problem;
    std::string problem = std::exchange(record.problem, {});
    broken_ = std::exchange(record.text, {});
    broken_at_ = 0;
    give_broken_line(record);
    record.problem = std::move(problem);
  }
  return !interrupted();   // the record may be cut short
}

void CsvReader::give_broken_line(Record& record) {
  const std::size_t end = std::min(broken_.find('\n', broken_at_), broken_.size());
  record.fields.clear();
  record.line = broken_line_++;
  record.text = broken_.substr(broken_at_, end - broken_at_);
  record.problem = broken_problem_;
  if (record.text.ends_with('\r')) record.text.pop_back();
  for (broken_at_ = end;
       broken_at_ < broken_.size() && std::string_view("\r\n").contains(broken_[broken_at_]);) {
    if (broken_[broken_at_++] == '\n') broken_line_ += broken_at_ > end + 1 ? 1 : 0;
  }
}

// Most of a file: a line that lies ahead whole, without quotes, so that it is split and nothing else.
bool CsvReader::take_plain_line(Record& record) {
  const std::string_view ahead = std::string_view(piece_).substr(position_, max_record_);
  const std::size_t end = ahead.find('\n');
  if (end == std::string_view::npos) return false;
  std::string_view line = ahead.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.contains('"') || line.contains('\r')) return false;
  position_ += end + 1;
  record.line = line_++;
  record.text = line;
  record.problem.clear();
  std::size_t fields = 0;
  const auto add_field = [&](std::string_view field) {
    if (fields == record.fields.size()) record.fields.emplace_back();
    record.fields[fields++] = field;
  };
  for (std::size_t delimiter; (delimiter = line.find(delimiter_)) != std::string_view::npos;) {
    add_field(line.substr(0, delimiter));
    line.remove_prefix(delimiter + 1);
  }
  add_field(line);
  record.fields.resize(fields);
  return true;
}

void CsvReader::start(Record& record) {
  record.fields.clear();
  record.line = line_;
  record.text.clear();
  record.problem.clear();
}

// The next byte, which stays; kEnd at the end of the input.
int CsvReader::peek() {
  if (position_ == piece_.size()) {
    piece_.clear();
    position_ = 0;
    if (!input_.read_some(piece_)) return kEnd;
  }
  return static_cast<unsigned char>(piece_[position_]);
}

int CsvReader::take(Record& record) {
  const int byte = peek();
  ++position_;
  if (byte == '\n') ++line_;
  if (record.text.size() <= max_record_) record.text += static_cast<char>(byte);
  return byte;
}

// One CR or two end a record only together with the LF behind them.
bool CsvReader::at_end_of_record() {
  const int byte = peek();
  if (byte == kEnd || byte == '\n') return true;
  if (byte != '\r') return false;
  while (piece_.size() - position_ < 3 && input_.read_some(piece_)) {
  }
  const std::string_view ahead = std::string_view(piece_).substr(position_);
  return ahead.starts_with("\r\n") || ahead.starts_with("\r\r\n");
}

void CsvReader::read_field(Record& record) {
  record.fields.emplace_back();
  if (peek() == '"') {
    read_quoted(record);
  } else {
    read_plain(record);
  }
}

void CsvReader::read_plain(Record& record) {
  while (!at_end_of_record() && peek() != static_cast<unsigned char>(delimiter_)) {
    if (peek() == '"') {
      record.problem = "a quote within a field that does not start with one";
      return;
    }
    if (peek() == '\r') {
      record.problem = "a CR outside of quotes that is no end of a line: lines end in LF or CR LF";
      return;
    }
    if (!fits(record)) return;
    record.fields.back() += take_plain(record);
  }
}

// What lies ahead before the next byte that may mean something, as far as it is read and fits: most of a file.
std::string_view CsvReader::take_plain(Record& record) {
  const auto means_something = [this](char byte) {
    return byte == delimiter_ || byte == '\n' || byte == '\r' || byte == '"';
  };
  const auto start = piece_.begin() + static_cast<std::ptrdiff_t>(position_);
  const std::size_t room = std::min(piece_.size() - position_, max_record_ - record.text.size());
  const auto end = std::find_if(start, start + static_cast<std::ptrdiff_t>(room), means_something);
  const std::string_view taken(start, end);
  record.text += taken;
  position_ += taken.size();
  return taken;
}

void CsvReader::read_quoted(Record& record) {
  quote_line_ = line_;
  take(record);
  for (;;) {
    if (peek() == kEnd) {
      record.problem = "the quote that is opened on line " + std::to_string(quote_line_) + " is not closed";
      return;
    }
    if (!fits(record)) return;
    const int byte = take(record);
    if (byte == '"') {
      if (peek() != '"') break;
      take(record);
    }
    record.fields.back() += static_cast<char>(byte);
  }
  if (!at_end_of_record() && peek() != static_cast<unsigned char>(delimiter_)) {
    record.problem = "text after a closing quote";
    if (quote_line_ != line_) record.problem += ", whose field begins on line " + std::to_string(quote_line_);
  }
}

bool CsvReader::fits(Record& record) {
  if (record.text.size() < max_record_) return true;
  record.problem =
      "a record of more than " + std::to_string(max_record_) + " bytes, maybe for want of a closing quote";
  return false;
}

void CsvReader::skip_record(Record& record) {
  while (!at_end_of_record()) take(record);
}

void CsvReader::finish(Record& record) {
  const std::size_t length = record.text.size();
  while (peek() != kEnd) {
    if (take(record) == '\n') break;
  }
  record.text.resize(length);
}

void CsvReader::skip_empty_lines() {
  while (peek() != kEnd && at_end_of_record()) {
    Record skipped;
    while (take(skipped) != '\n') {
    }
  }
}

}   // namespace usertags::command
