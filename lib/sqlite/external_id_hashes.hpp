// Table `external_id_hash`: where users are found by external id, in the time that it takes to read two bytes for
// each. A row has 16 bits of hash for so many ordinals in a row, and is written once, when all of them are given: so
// there is no random write, as an index in the file would have (docs/decisions/0030-hashes-of-external-ids.md).
//
// It is an aid, and never the truth: whom a hash points out is looked at in table `user`, and users without a row that
// is whole are looked for there.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/tables.hpp"

namespace usertags::sqlite {

class ExternalIdHashes {
 public:
  static constexpr std::uint32_t kUsers = 2'000;   // of a row: two rows fill a page
  static constexpr std::size_t kBytes = std::size_t{kUsers} * 2;

  explicit ExternalIdHashes(Connection& connection);

  // Whether ordinals up to `last` complete a row that those up to `before` do not.
  static constexpr bool completes(std::uint32_t before, std::uint32_t last) noexcept {
    return before / kUsers < last / kUsers;
  }
  // Of a user who is inserted; each one, in order, if any is told of. Nothing has to be taken back where the
  // transaction is: ordinals that are given anew say so.
  void add(std::uint32_t ordinal, std::string_view external_id);
  // Writes those rows, where anybody lives, within the transaction that has inserted their users: of what add() was told
  // where that was told of all of a row, else of what is in table `user`.
  void complete(std::uint32_t before, std::uint32_t last);

 private:
  struct Row {
    std::uint32_t first = 0;   // of the ordinals; 0: none
    std::array<std::uint8_t, kBytes> hashes{};
  };
  void write_of_users(std::uint32_t first, std::uint32_t last);
  void write(const Row& row);

  UserTable::NameReader names_;
  Statement write_;
  std::vector<Row> told_;   // that are to come: of all users from the first of them on
};

// Finds living users by external id.
class ExternalIdFinder {
 public:
  explicit ExternalIdFinder(Connection& connection);

  // Ordinals by external id; kNobody, as at first, where there is no such user.
  using Ordinals = boost::unordered_flat_map<std::string_view, std::uint32_t>;
  static constexpr std::uint32_t kNobody = 0;
  void find(Ordinals& sought);

 private:
  class Search;

  UserTable::NameReader names_;
  Statement rows_;
};

// Tells of each row that is not what complete() would write for its users, by the row's key. A row may be missing.
using OnWrongHashes = std::function<void(std::int64_t first, std::string_view what)>;
void check_external_id_hashes(Connection& connection, std::uint32_t last_ordinal,
                              const OnWrongHashes& on_wrong);

}   // namespace usertags::sqlite
