// torture: runs a row of the reliability laboratory, and prints one line of what it did.
//
//   torture [list]                             the rows
//   torture NAME [--seed N] [--rounds N|ci]    one row; without --rounds as few as among the tests
//
// Exit status: 0 nothing was found, 1 a promise was broken, 2 bad arguments.
#include "torture/command.hpp"
#include "torture/rows.hpp"

int main(int count, char** arguments) {
  return usertags::torture::run_command(usertags::torture::kRows, count, arguments);
}
