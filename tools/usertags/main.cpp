#include <fcntl.h>

#include "command_line.hpp"
#include "terminal/console.hpp"
#include "terminal/signals.hpp"

namespace {

// A standard stream that is closed would lend its number to the next file that is opened, and what is printed
// would go into that file: the store's, perhaps.
void occupy_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) open("/dev/null", O_RDONLY);
  }
}

}   // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  usertags::command::install_signal_handlers();
  usertags::command::Console console;
  return usertags::command::run_command_line(argc, argv, console);
}
