// WriteOptions: the options that every write on the command line can bear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/write.hpp>

#include "arguments.hpp"

namespace usertags::command {

class WriteOptions {
 public:
  // `--if-revision` is for writes to a user who is there.
  enum class Of : std::uint8_t { creation, user };
  void declare(Arguments& arguments, Of of);

  ApplyOptions get() const;

 private:
  std::optional<std::uint64_t> if_revision_;
  std::optional<std::string> token_;
  std::optional<std::string> note_;
};

// What became of a write, for people: `done` is the word for one that changed something.
std::string outcome_in_words(const Applied& applied, std::string_view done);

}   // namespace usertags::command
