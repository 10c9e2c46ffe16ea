// Inspector: looks into a store's file without loading it: at once, and with the same memory whatever the size.
//
//   auto inspector = usertags::Inspector::open("users.db");
//   if (!inspector) return report(inspector.error());
//   auto user = inspector->find("user_ext_123");
//   if (!user) return report(user.error());   // e.g. user_not_found
//   auto all = inspector->for_each([&](const usertags::User& each) { show(each.external_id()); });
//   if (!all) return report(all.error());
//
// For tools, and for hosts that want a few users of a file that they do not serve from. To ask often, or by
// tags, open a UserTagStore: it answers from memory, in less than a microsecond.
//
// Moments    Each call reads the file in one transaction of SQLite, and so shows one moment of it: that of the
//            newest commit, changes that are in the log alone included. The next call shows a later one.
// Processes  Works beside a process that writes, and changes no byte of database and WAL. While a call reads,
//            the WAL cannot be recycled; where nobody writes, and no WAL is left, nobody can open the file for
//            writing until the call has returned.
// Proof      What a call reads is proved by its checksums, and for_each proves all users by the digest of the
//            commit record. The rest of the file is not proved: verify() of a UserTagStore proves the whole.
// Threads    Any thread may call any method, except move and destruction. After fork, the child's copy answers
//            `forked`.
// Errors     No method throws, except that for_each passes on what your function throws. Every call may answer
//            what opening read-only does: not_a_store, unsupported_format, corrupt_store, foreign_write,
//            permission_denied, io_error, busy, read_only, out_of_memory. Users and pages outlive the inspector.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <usertags/callback.hpp>
#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/export.hpp>
#include <usertags/page.hpp>
#include <usertags/settings.hpp>
#include <usertags/user.hpp>
#include <usertags/user_ref.hpp>

namespace usertags {

// Chosen at open, as in Options.
struct InspectOptions {
  bool allow_network_file_system = false;          // its locks are the host's risk then
  std::chrono::milliseconds busy_timeout{5'000};   // for locks that other processes hold briefly
};

// Figures for which every user has to be read.
struct UserFigures {
  std::uint64_t users = 0;           // that are there
  std::uint64_t tags = 0;            // key-value pairs of all users together
  std::uint64_t tag_keys = 0;        // different keys
  std::uint64_t tag_values = 0;      // different pairs of key and value
  std::uint64_t backlog_users = 0;   // users with patches that are not folded yet
};

// What a file says of itself, at one moment.
struct StoreInfo {
  std::uint64_t revision = 0;           // the newest change
  Position position{};                  // behind the newest change
  std::uint64_t users_ever = 0;         // that were created; those that are there are as many, or fewer
  std::string last_id{};                // the newest id ever given; empty: none
  std::string digest{};                 // 32 hexadecimal digits, as VerifyReport::digest
  std::uint64_t tokens = 0;             // idempotency tokens that are kept
  std::uint64_t log_floor = 0;          // the oldest change still kept; revision + 1 where none is kept
  std::uint64_t folded_revision = 0;    // every change up to it is in the user table
  std::uint64_t database_bytes = 0;     // without the WAL
  std::uint64_t wal_bytes = 0;          // PATH-wal
  StoredSettings settings{};            // as UserTagStore::settings()
  std::optional<UserFigures> users{};   // where they were asked for
};

// A file that is looked into.
class USERTAGS_EXPORT Inspector {
 public:
  // The store in the SQLite file at `path`. Makes nothing. Errors also: invalid_argument (the path, the
  // options).
  [[nodiscard]] static Result<Inspector> open(const std::filesystem::path& path,
                                              const InspectOptions& options = {}) noexcept;

  // One that was moved from answers store_closed.
  Inspector(Inspector&& other) noexcept;
  Inspector& operator=(Inspector&& other) noexcept;
  // Users and pages that were handed out live on.
  ~Inspector();

  // An id is found by its order, an external id by the hashes that the file keeps: milliseconds for a million users.
  // Where the log is ahead of the table, it is read as far as that goes. Errors: user_not_found.
  [[nodiscard]] Result<User> find(const UserRef& user) const noexcept;
  // All at one moment. answers[i] is users[i]. Without memory for the answers the vector is empty.
  [[nodiscard]] std::vector<Result<User>> find_each(std::span<const UserRef> users) const noexcept;

  // Users in the order of their creation, as UserTagStore::list; its cursors are good here, and these there.
  // Errors: invalid_argument (limit), invalid_cursor.
  [[nodiscard]] Result<UserPage> list(const PageRequest& page = {}) const noexcept;

  // Calls function(const User&) for all users, as they are at one moment, in the order of their creation. If it
  // answers false, the walk ends; it may also return void. The file is being read during the call: see
  // Processes. After an error, the users that were shown may be wrong: damage may be noticed only at the end of
  // the walk. Errors: timeout (deadline); busy also if something else wrote to a file that could not be locked.
  template <class Function>
    requires std::is_invocable_v<Function&, const User&>
  [[nodiscard]] Result<Visited> for_each(Function&& function, const AskOptions& options = {}) const {
    HostFunction<std::remove_reference_t<Function>, User> host(function);
    auto answer = for_each_with(options, {}, {&host, host.call});
    host.rethrow();
    return answer;
  }
  // The same; begin(const StoreInfo&) is called before, once, with what the file says of itself at that moment.
  template <class Begin, class Function>
    requires std::is_invocable_v<Begin&, const StoreInfo&> && std::is_invocable_v<Function&, const User&>
  [[nodiscard]] Result<Visited> for_each(Begin&& begin, Function&& function,
                                         const AskOptions& options = {}) const {
    HostFunction<std::remove_reference_t<Begin>, StoreInfo> beginning(begin);
    HostFunction<std::remove_reference_t<Function>, User> host(function);
    auto answer = for_each_with(options, {&beginning, beginning.call}, {&host, host.call});
    beginning.rethrow();
    host.rethrow();
    return answer;
  }

  // The log, as UserTagStore::changes shows it: the same answers, the same errors.
  [[nodiscard]] Result<ChangePage> changes(const Position& after, std::size_t limit = 1'000) const noexcept;
  // As UserTagStore::history.
  [[nodiscard]] Result<HistoryPage> history(const UserRef& user, const PageRequest& page = {}) const noexcept;
  // Looks at the file 50 times a second. Errors: timeout, future_revision, invalid_argument.
  [[nodiscard]] Result<std::uint64_t> wait_for_changes(const Position& after,
                                                       std::chrono::milliseconds timeout) const noexcept;

  // Whether the figures are wanted for which every user has to be read.
  enum class Figures : std::uint8_t { none, of_users };
  // At once; with figures of users, by a walk over all of them, which keeps 8 bytes for each different tag.
  [[nodiscard]] Result<StoreInfo> info(Figures figures = Figures::none) const noexcept;

 private:
  class Impl;
  // A function of the host, by way of HostFunction.
  struct Visitor {
    void* target;
    bool (*call)(void*, const User&) noexcept;
  };
  struct Beginning {
    void* target = nullptr;   // none: nobody is told
    bool (*call)(void*, const StoreInfo&) noexcept = nullptr;
  };

  explicit Inspector(std::unique_ptr<Impl> impl) noexcept;
  Result<Visited> for_each_with(const AskOptions& options, Beginning beginning,
                                Visitor visitor) const noexcept;

  std::unique_ptr<Impl> impl_;
};

}   // namespace usertags
