// Loader: rows into a store, in groups of a few thousand that are committed together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "rejects.hpp"
#include "rows.hpp"
#include "write_group.hpp"

namespace usertags::command {

class Loader {
 public:
  Loader(UserTagStore& store, Rejects& rejects) : store_(store), rejects_(rejects) {}

  // A row that cannot be loaded is rejected, and the rest goes on. False: the store itself has failed.
  bool add(Row row);
  bool commit();

  std::uint64_t loaded() const { return loaded_; }

  // The first failure of the store, and the line that met it.
  struct Failure {
    Error error;
    std::uint64_t line;
  };
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  struct Origin {
    std::uint64_t line;
    std::string text;
  };

  void settle(const Origin& origin, const Result<Applied>& outcome);

  UserTagStore& store_;
  Rejects& rejects_;
  WriteGroup group_;
  std::vector<Origin> origins_;   // of the group's rows
  std::size_t bytes_ = 0;         // of their texts
  std::uint64_t loaded_ = 0;
  std::optional<Failure> failure_;
};

}   // namespace usertags::command
