// Input: the bytes of a file, or of standard input, as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <usertags/error.hpp>

namespace usertags::command {

// Input that cannot be read as text: invalid_argument.
struct UnreadableInput {
  Error error;
};

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

}   // namespace usertags::command
