// Rejects: the rows that could not be loaded, each with its line and the reason.
//
// WriteGroup: lines of input that are committed together, each with its own outcome.
//
// Loader: rows into a store, in groups of a few thousand that are committed together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/user_tag_store.hpp>
#include <usertags/write.hpp>

#include "input/rows.hpp"
#include "output/output.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

class Rejects {
 public:
  // Into a file at `path`, as Output::create() makes it: one object a line,
  // {"line":N,"error":{…},"input":TEXT}. Without a path, the first few are told to the console. Throws
  // std::system_error.
  Rejects(const std::optional<std::string>& path, bool force, Console& console);

  void add(std::uint64_t line, const std::string& text, const Error& error);
  std::uint64_t count() const { return count_; }

  // Writes out what is left.
  void finish();

 private:
  static constexpr std::uint64_t kTold = 10;

  Console& console_;
  std::optional<Output> file_;
  std::uint64_t count_ = 0;
};

class WriteGroup {
 public:
  // A line's write, of whatever kind, or why it is none.
  template <class AnyWrite>
  void add(Result<AnyWrite> write) {
    if (write) writes_.emplace_back(*std::move(write));
    refusals_.push_back(write ? std::nullopt : std::optional(std::move(write).error()));
  }

  std::size_t size() const { return refusals_.size(); }

  // Commits the writes and empties the group. outcomes[i] answers the i-th line that was added.
  std::vector<Result<Applied>> commit(UserTagStore& store);

 private:
  std::vector<std::optional<Error>> refusals_;   // one a line; none where the line is a write
  std::vector<Write> writes_;
};

class Loader {
 public:
  // What becomes of rows whose users are there already: with `set`, the row's tags are set, and others stay.
  enum class Existing : std::uint8_t { reject, set };
  Loader(UserTagStore& store, Rejects& rejects, Existing existing)
      : store_(store), rejects_(rejects), existing_(existing) {}

  // A row, whose user is taken. One that cannot be loaded is rejected, and the rest goes on. False: the store
  // itself has failed.
  bool add(Row& row);
  bool commit();

  std::uint64_t loaded() const { return loaded_; }
  std::uint64_t set() const { return set_; }   // users who were there, whether their tags changed or not

  // The first failure of the store, and the line that met it.
  struct Failure {
    Error error;
    std::uint64_t line;
  };
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  struct Origin {
    std::uint64_t line;
    std::size_t text;                   // where it begins in texts_
    std::optional<CreateUser> user{};   // kept where existing users are set
    bool was_there = false;
  };

  void set_existing(std::vector<Result<Applied>>& outcomes);
  void settle(std::size_t index, const Result<Applied>& outcome);
  std::string text_of(std::size_t index) const;

  UserTagStore& store_;
  Rejects& rejects_;
  const Existing existing_;
  WriteGroup group_;
  std::vector<Origin> origins_;   // of the group's rows
  std::string texts_;             // theirs
  std::uint64_t loaded_ = 0;
  std::uint64_t set_ = 0;
  std::optional<Failure> failure_;
};

}   // namespace usertags::command
