// Input: the bytes of a file, or of standard input, as they come.
//
// LineReader: input in lines, without waiting for more than there is.
//
// One step through text that may not be well-formed UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <usertags/error.hpp>

namespace usertags::command {

// Input that cannot be read as text: invalid_argument.
struct UnreadableInput {
  Error error;
};

// What a failed call of the system is answered with: io_error.
Error error_of(const std::system_error& failure);

// A byte order mark at the start is passed over. UTF-16 and UTF-32 are refused for what they are.
class Input {
 public:
  // "-" is standard input. Throws std::system_error.
  explicit Input(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  // Appends what is there to `buffer`, and waits only where there is nothing. False at the end, and when
  // interrupted. Throws std::system_error and UnreadableInput.
  bool read_some(std::string& buffer);

  // How much of the file has been read, from 0 to 1; none where its size is not known.
  std::optional<double> fraction_read() const;

 private:
  bool read_piece(std::string& buffer);
  bool read_start(std::string& buffer);

  std::string name_;
  int fd_;
  std::uint64_t size_ = 0;   // 0: not known
  std::uint64_t position_ = 0;
  bool started_ = false;
};

// The whole of a small input. Throws as Input does; EFBIG beyond `max_size`.
std::string read_all(const std::string& path, std::size_t max_size);

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

struct CodePoint {
  char32_t value;
  std::size_t length;   // in bytes
};

// The code point that `text` starts with; none where its first byte starts no well-formed one. That byte is
// then to be skipped alone. `text` is not empty.
std::optional<CodePoint> first_code_point(std::string_view text);

}   // namespace usertags::command
