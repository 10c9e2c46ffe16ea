// Frames: what is printed again and again. On a terminal each takes the place of the one before; elsewhere they follow
// each other, with an empty line between.
//
// No mode of the terminal is changed: whenever the command ends, by whatever, there is nothing to be restored.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "output/output.hpp"

namespace usertags::command {

class Frames {
 public:
  explicit Frames(Output& out);

  // Whole lines, none wider than the terminal. Of more than its height the last ones are left out, which is said.
  void show(std::string_view frame);

  // Takes away what the terminal has shown of ^C.
  void finish();

 private:
  Output& out_;
  bool is_screen_;
  std::size_t shown_ = 0;                // lines, above the cursor
  std::optional<std::size_t> columns_;   // of the terminal at that time
};

}   // namespace usertags::command
