// Inspection: what stands behind Inspector: a file, and readers of it. Here failures are still thrown
// (model::Failure, std::bad_alloc); inspector.cpp turns them into values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include <usertags/inspector.hpp>

#include "sqlite/connection.hpp"
#include "store/file/fork_guard.hpp"
#include "store/file/readers.hpp"
#include "store/inspect/user_reader.hpp"
#include "store/read/log_reader.hpp"
#include "store/read/paging.hpp"

namespace usertags::store {

class Inspection {
 public:
  // A resolved path.
  Inspection(std::filesystem::path file, std::chrono::milliseconds busy_timeout);

  bool forked() const noexcept { return fork_guard_.forked(); }

  std::vector<Result<User>> find_each(std::span<const UserRef> users);
  Result<UserPage> list(const PageRequest& request);
  // `begin` may be empty.
  Visited for_each(const AskOptions& options, const std::function<bool(const StoreInfo&)>& begin,
                   const std::function<bool(const User&)>& function);
  Result<ChangePage> changes(const Position& after, std::size_t limit);
  Result<HistoryPage> history(const UserRef& user, const PageRequest& request);
  Result<std::uint64_t> wait(const Position& after, std::chrono::milliseconds timeout);
  StoreInfo info();
  StoreInfo info_with_figures();

 private:
  struct FileReader {
    FileReader(sqlite::Connection& connection, const StoreId& store_id)
        : log(connection, nullptr, store_id), users(connection, store_id) {}

    LogReader log;
    UserReader users;
  };

  // Calls function(UserReader&) at one moment, which is told as it is read: it cannot be read again then.
  // `is_told` says whether anything was.
  template <class Function>
  auto tell(const bool& is_told, Function&& function);

  const std::filesystem::path file_;
  const std::chrono::milliseconds busy_timeout_;
  const StoreId store_id_;
  Readers<FileReader> readers_;
  ForkGuard fork_guard_;
};

}   // namespace usertags::store
