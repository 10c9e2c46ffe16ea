#include "torture/meeting.hpp"

#include <iterator>
#include <stdexcept>
#include <system_error>

namespace usertags::torture::meeting {

Options Scene::options(Access access) const {
  Options options;
  options.access = access;
  options.durability = Durability::relaxed;
  options.busy_timeout = kLong;
  options.housekeeping.checkpoint_wal_bytes = 100'000;
  return options;
}

Options Scene::impatient(Access access) const {
  Options options = this->options(access);
  options.busy_timeout = kShort;
  return options;
}

// --- A store that counts. ---

std::uint64_t count_of(const UserTagStore& store) {
  const auto user = store.find("counter");
  return user ? std::stoull(test::value_of(*user, "n")) : 0;
}

Result<Applied> count_on(UserTagStore& store, std::uint64_t number) {
  const std::string text = std::to_string(number);
  if (number == 1) return store.create_user("counter", {{"n", text}});
  return store.apply("counter", TagBatch().update("n", text, {std::to_string(number - 1)}));
}

void count(UserTagStore& store, std::uint64_t writes) {
  for (std::uint64_t first = count_of(store), i = 1; i <= writes; ++i)
    must(count_on(store, first + i), "a write");
}

void count_and_tell(const fs::path& path, const Options& options, const Reporter& parent) {
  auto store = must(UserTagStore::open(path, options));
  for (std::uint64_t number = count_of(store) + 1;; ++number) {
    must(count_on(store, number));
    parent.tell(std::to_string(number));
  }
}

std::uint64_t read_number(Child& child) {
  const auto line = child.read_line();
  require(line.has_value(), "a child has ended by itself");
  return std::stoull(*line);
}

std::uint64_t read_until(Child& child, std::uint64_t lines) {
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < lines; ++i) number = read_number(child);
  return number;
}

std::uint64_t expect_counted(const UserTagStore& store, std::uint64_t acknowledged, std::uint64_t more) {
  const std::uint64_t found = count_of(store);
  require(found >= acknowledged,
          "an acknowledged write is lost: " + std::to_string(found) + " of " + std::to_string(acknowledged));
  require(found <= acknowledged + more, "more than was ever written: " + std::to_string(found));
  require(store.revision() == found, "revision and count are not the same");
  const VerifyReport report = must(store.verify(), "verify");
  require(report.ok(), report.ok() ? "" : report.problems.front().what);
  return found;
}

std::uint64_t kill_and_read(Child& child, std::uint64_t last) {
  child.kill();
  while (const auto line = child.read_line()) last = std::stoull(*line);
  return last;
}

// --- Other processes. ---

Other::Other(std::function<void(const Reporter&)> work) {
  if (pipe(go_.data()) != 0) throw std::runtime_error("pipe");
  child_.emplace([this, work = std::move(work)](const Reporter& parent) {
    close(go_[1]);
    char byte = 0;
    if (read(go_[0], &byte, 1) == 1) work(parent);
  });
  close(go_[0]);
}

Child& Other::begin() {
  if (write(go_[1], "", 1) != 1) throw std::runtime_error("write");
  return *child_;
}

Limit::Limit(__rlimit_resource resource, rlim_t limit) : resource_(resource) {
  getrlimit(resource_, &before_);
  const rlimit now{limit, before_.rlim_max};
  setrlimit(resource_, &now);
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : size;
}

}   // namespace usertags::torture::meeting
