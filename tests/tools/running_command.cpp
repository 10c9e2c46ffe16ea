#include "running_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace usertags::test {

namespace {

constexpr int kGuard_ms = 60'000;

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EPIPE) return;   // the command has ended, as some tests want
    check(static_cast<int>(written > 0 ? 0 : -1), "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// A file without a name.
int make_file(std::string_view content) {
  const int fd = check(memfd_create("usertags-test", MFD_CLOEXEC), "memfd_create");
  write_all(fd, content);
  check(static_cast<int>(lseek(fd, 0, SEEK_SET)), "lseek");
  return fd;
}

std::string read_file(int fd) {
  check(static_cast<int>(lseek(fd, 0, SEEK_SET)), "lseek");
  std::string text;
  std::array<char, 65536> piece;
  for (ssize_t got; (got = ::read(fd, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void close_once(int& fd) {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

// `own_group`: what it starts can be signalled together with it.
pid_t spawn(const std::vector<std::string>& arguments, int input, int output, int error,
            const char* program = USERTAGS_COMMAND, bool own_group = false) {
  std::vector<char*> argv = {const_cast<char*>(program)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);   // which this process ignores
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  const int group = own_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | group));
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, program, &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), program);
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  check(waitpid(pid, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}   // namespace

namespace {

Finished run_program(const char* program, const std::vector<std::string>& arguments, std::string_view input) {
  int in = make_file(input);
  int out = make_file({});
  int err = make_file({});
  Finished finished;
  finished.exit_code = wait_for(spawn(arguments, in, out, err, program));
  finished.out = read_file(out);
  finished.err = read_file(err);
  for (int* fd : {&in, &out, &err}) close_once(*fd);
  return finished;
}

}   // namespace

Finished run(const std::vector<std::string>& arguments, std::string_view input) {
  return run_program(USERTAGS_COMMAND, arguments, input);
}

namespace {

std::vector<std::string> shell_arguments(const std::string& folder, const std::string& line) {
  static constexpr const char* kSetUp =
      "set -o pipefail; cd \"$1\" || exit 9; ln -s \"$2\" usertags; PATH=.:$PATH; eval \"$3\"";
  return {"-c", kSetUp, "bash", folder, USERTAGS_COMMAND, line};
}

}   // namespace

Finished run_in_shell(const std::string& folder, const std::string& line) {
  return run_program("/bin/bash", shell_arguments(folder, line), {});
}

Finished interrupt_in_shell(const std::string& folder, const std::string& line) {
  std::array<int, 2> out{};
  check(pipe2(out.data(), O_CLOEXEC), "pipe2");
  int in = make_file({});
  int err = make_file({});
  const pid_t shell = spawn(shell_arguments(folder, line), in, out[1], err, "/bin/bash", true);
  close_once(out[1]);
  Finished finished;
  std::array<char, 65536> piece;
  for (ssize_t got; (got = ::read(out[0], piece.data(), piece.size())) > 0;) {
    if (finished.out.empty()) check(kill(-shell, SIGINT), "kill");
    finished.out.append(piece.data(), static_cast<std::size_t>(got));
  }
  finished.exit_code = wait_for(shell);
  finished.err = read_file(err);
  for (int* fd : {&in, &out[0], &err}) close_once(*fd);
  return finished;
}

RunningCommand::RunningCommand(const std::vector<std::string>& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  check(pipe2(in.data(), O_CLOEXEC), "pipe2");
  check(pipe2(out.data(), O_CLOEXEC), "pipe2");
  error_ = make_file({});
  pid_ = spawn(arguments, in[0], out[1], error_);
  close_once(in[0]);
  close_once(out[1]);
  input_ = in[1];
  output_ = out[0];
}

RunningCommand::~RunningCommand() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int* fd : {&input_, &output_, &error_}) close_once(*fd);
}

void RunningCommand::write(std::string_view text) {
  write_all(input_, text);
}
void RunningCommand::close_input() {
  close_once(input_);
}
void RunningCommand::close_output() {
  close_once(output_);
}
void RunningCommand::signal(int number) {
  check(kill(pid_, number), "kill");
}

std::string RunningCommand::read_line() {
  std::size_t end = 0;
  while ((end = unread_.find('\n')) == std::string::npos) {
    pollfd output{.fd = output_, .events = POLLIN, .revents = 0};
    if (check(poll(&output, 1, kGuard_ms), "poll") == 0) throw std::runtime_error("no line came");
    std::array<char, 65536> piece;
    const ssize_t got = ::read(output_, piece.data(), piece.size());
    if (got <= 0) throw std::runtime_error("the output ended");
    unread_.append(piece.data(), static_cast<std::size_t>(got));
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

Finished RunningCommand::finish() {
  close_input();
  Finished finished;
  std::array<char, 65536> piece;
  for (ssize_t got; output_ >= 0 && (got = ::read(output_, piece.data(), piece.size())) > 0;) {
    unread_.append(piece.data(), static_cast<std::size_t>(got));
  }
  finished.exit_code = wait_for(std::exchange(pid_, -1));
  finished.out = std::exchange(unread_, {});
  finished.err = read_file(error_);
  return finished;
}

}   // namespace usertags::test
