// What the scenes of R13 are made of: a folder with a store that counts its writes, and other processes that meet there.
//
// A child that is forked while this process has the store open would have a part of it, so those that are to be
// strangers are forked before, and wait for their turn (Other).
#pragma once

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/small_disk.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"
#include "torture/row.hpp"

namespace usertags::torture::meeting {

namespace fs = std::filesystem;
using test::Child;
using test::code_of;
using test::must;
using test::Reporter;
using test::StockSqlite;
using test::told;

inline constexpr auto kLong = std::chrono::minutes(10);
inline constexpr auto kShort = std::chrono::milliseconds(20);

struct Scene {
  const test::TempDir folder{test::memory_folder()};
  fs::path path = folder / "users.db";
  std::mt19937_64& random;
  Tally& tally;

  std::uint64_t dice(std::uint64_t sides) { return random() % sides; }
  fs::path beside(const char* suffix) const { return path.string() + suffix; }

  Options options(Access access = Access::read_write) const;
  // Of who is going to be refused.
  Options impatient(Access access = Access::read_write) const;
  UserTagStore open(Access access = Access::read_write) const {
    return must(UserTagStore::open(path, options(access)), "open");
  }
};

struct NamedScene {
  const char* name;
  void (*play)(Scene& scene);
};

// The chapters, each in a file of its own.
std::span<const NamedScene> scenes_of_writers();
std::span<const NamedScene> scenes_of_files();
std::span<const NamedScene> scenes_of_limits();
std::span<const NamedScene> scenes_of_stock();
std::span<const NamedScene> scenes_of_copies();

template <class Answer>
void expect(const Answer& answer, std::optional<ErrorCode> code, const std::string& what) {
  require(code_of(answer) == code,
          what + " answers " + told(answer) + ", not " + (code ? std::string(to_string(*code)) : "ok"));
}

// --- A store that counts: the user "counter" has the number of writes as its tag n. ---

std::uint64_t count_of(const UserTagStore& store);
Result<Applied> count_on(UserTagStore& store, std::uint64_t number);
void count(UserTagStore& store, std::uint64_t writes);
// Tells each number when it was acknowledged, until something ends it.
void count_and_tell(const fs::path& path, const Options& options, const Reporter& parent);

std::uint64_t read_number(Child& child);
std::uint64_t read_until(Child& child, std::uint64_t lines);
std::uint64_t kill_and_read(Child& child, std::uint64_t last);

// Everything that was acknowledged is there, and at most what was under way besides.
std::uint64_t expect_counted(const UserTagStore& store, std::uint64_t acknowledged, std::uint64_t more = 0);

// --- Other processes. ---

// A process that was forked before the store was opened, and does its work when it is told to.
class Other {
 public:
  explicit Other(std::function<void(const Reporter&)> work);
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;
  ~Other() { close(go_[1]); }

  Child& begin();
  void act() { require(begin().wait() == 0, "another process has failed"); }

 private:
  std::array<int, 2> go_{};
  std::optional<Child> child_;
};

// While it lives, this process has another limit.
class Limit {
 public:
  Limit(__rlimit_resource resource, rlim_t limit);
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { setrlimit(resource_, &before_); }

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

std::size_t open_descriptors();
std::uint64_t size_of(const fs::path& path);

}   // namespace usertags::torture::meeting
