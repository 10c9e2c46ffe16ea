// The exact form of a store as JSON Lines, which dump --exact prints and load --exact takes in (docs/exact-dump.md):
// a header, the users as plain dump prints them, and a trailer, without which it was cut short.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/inspector.hpp>
#include <usertags/restorer.hpp>

namespace usertags::command {

// {"usertags_exact":1,"revision","last_id" or none,"settings_version","settings":{NAME:VALUE,…}}
std::string exact_header(const StoreInfo& info);
// {"users","digest"}
std::string exact_trailer(std::uint64_t users, const std::string& digest);

// Makes a store of the lines, each as it is given. The store is in place when end() has answered.
class ExactLoader {
 public:
  explicit ExactLoader(std::string store) : path_(std::move(store)) {}

  // What is wrong, with the line or with the store: is_of_store() tells.
  Result<void> take(std::string_view line);
  Result<void> end();
  bool is_of_store() const { return is_of_store_; }

  std::uint64_t users() const { return users_; }
  std::uint64_t revision() const { return store_.revision; }
  const std::string& digest() const { return digest_; }   // empty: the trailer has not come

 private:
  Result<void> begin(std::string_view line);
  Result<void> add(const RestoredUser& user);
  Result<void> finish_lines(std::string_view line, const Error& no_user);
  Result<void> by_store(Result<void> answer);

  std::string path_;
  RestoredStore store_;
  std::optional<Restorer> restorer_;
  std::uint64_t users_ = 0;
  std::string digest_;
  bool is_of_store_ = false;
};

}   // namespace usertags::command
