#include "csv.hpp"

#include <string_view>

#include "signals.hpp"

namespace usertags::command {

bool CsvReader::next(Record& record) {
  if (!started_) skip_byte_order_mark();
  skip_empty_lines();
  if (peek() == kEnd) return false;
  start(record);
  read_field(record);
  while (record.problem.empty() && peek() == ',') {
    take(record);
    read_field(record);
  }
  if (!record.problem.empty()) skip_record(record);
  finish(record);
  return !interrupted();   // the record may be cut short
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

// A CR ends a record only together with the LF behind it.
bool CsvReader::at_end_of_record() {
  const int byte = peek();
  if (byte == kEnd || byte == '\n') return true;
  if (byte != '\r') return false;
  if (position_ + 1 == piece_.size()) input_.read_some(piece_);
  return position_ + 1 < piece_.size() && piece_[position_ + 1] == '\n';
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
  while (!at_end_of_record() && peek() != ',') {
    if (peek() == '"') {
      record.problem = "a quote within a field that does not start with one";
      return;
    }
    if (!fits(record)) return;
    record.fields.back() += static_cast<char>(take(record));
  }
}

void CsvReader::read_quoted(Record& record) {
  take(record);
  for (;;) {
    if (peek() == kEnd) {
      record.problem = "a quoted field without its closing quote";
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
  if (!at_end_of_record() && peek() != ',') record.problem = "text after a closing quote";
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

void CsvReader::skip_byte_order_mark() {
  static constexpr std::string_view kMark = "\xEF\xBB\xBF";
  while (piece_.size() < kMark.size() && input_.read_some(piece_)) {
  }
  if (piece_.starts_with(kMark)) position_ = kMark.size();
  started_ = true;
}

void CsvReader::skip_empty_lines() {
  Record skipped;
  while (peek() != kEnd && at_end_of_record()) {
    while (take(skipped) != '\n') {
    }
  }
}

}   // namespace usertags::command
