// Input: the bytes of a file, or of standard input, as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace usertags::command {

class Input {
 public:
  // "-" is standard input. Throws std::system_error.
  explicit Input(const std::string& path);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  // Appends what is there to `buffer`, and waits only where there is nothing. False at the end, and when
  // interrupted. Throws std::system_error.
  bool read_some(std::string& buffer);

  // How much of the file has been read, from 0 to 1; none where its size is not known.
  std::optional<double> fraction_read() const;

 private:
  std::string name_;
  int fd_;
  std::uint64_t size_ = 0;   // 0: not known
  std::uint64_t position_ = 0;
};

// The whole of a small input. Throws std::system_error; EFBIG beyond `max_size`.
std::string read_all(const std::string& path, std::size_t max_size);

}   // namespace usertags::command
