// torture_threads: the row that has threads and no processes, for ThreadSanitizer.
#include "torture/command.hpp"
#include "torture/rows.hpp"

int main(int count, char** arguments) {
  constexpr const usertags::torture::Row* kRows[] = {&usertags::torture::linearizable};
  return usertags::torture::run_command(kRows, count, arguments);
}
