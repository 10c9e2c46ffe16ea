#include "sqlite/external_id_hashes.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <span>
#include <string>

#include "model/bytes.hpp"
#include "model/digest.hpp"
#include "sqlite/columns.hpp"

namespace usertags::sqlite {
namespace {

using Column = ExternalIdHashColumn;
using BytesView = std::span<const std::uint8_t, ExternalIdHashes::kBytes>;

constexpr std::uint32_t kUsers = ExternalIdHashes::kUsers;

// The high bits: the low ones are the slot (model::slot_of), which the users of a store may share.
std::uint16_t hash_of(std::string_view external_id) noexcept {
  return static_cast<std::uint16_t>(XXH3_64bits(external_id.data(), external_id.size()) >> 48);
}

std::uint16_t hash_at(BytesView hashes, std::size_t place) noexcept {
  return model::load_number<std::uint16_t>(hashes.data() + 2 * place);
}

std::uint64_t checksum_of(std::uint32_t first, BytesView hashes) noexcept {
  model::HashImage<8 + ExternalIdHashes::kBytes> image;
  image.add(std::uint64_t{first});
  image.add(hashes);
  return XXH3_64bits(image.bytes().data(), image.bytes().size());
}

// The ordinals from `first` on.
struct Block {
  std::uint32_t first = 0;
  BytesView hashes;

  std::uint32_t last() const noexcept { return first + (kUsers - 1); }
};

// None where the row is not as one was written.
std::optional<Block> block_of(const Statement& row) {
  const std::int64_t first = row.integer(Column::first);
  const auto hashes = row.blob(Column::hashes);
  const bool has_place = first >= 1 && first % kUsers == 1 && first + (kUsers - 1) <= kMaxOrdinal;
  if (!has_place || hashes.size() != ExternalIdHashes::kBytes) return std::nullopt;
  const Block block{static_cast<std::uint32_t>(first), hashes.first<ExternalIdHashes::kBytes>()};
  const auto checksum = static_cast<std::uint64_t>(row.integer(Column::checksum));
  return checksum == checksum_of(block.first, block.hashes) ? std::optional(block) : std::nullopt;
}

std::uint32_t place_of(std::uint32_t ordinal) noexcept {
  return (ordinal - 1) % kUsers;
}

void put_hash(std::uint32_t ordinal, std::string_view external_id, std::span<std::uint8_t> hashes) noexcept {
  model::store_number(hash_of(external_id), hashes.data() + 2 * std::size_t{place_of(ordinal)});
}

std::string all_rows() {
  return select_from(kExternalIdHash) + " ORDER BY first";
}

}   // namespace

// --- Written. ---

ExternalIdHashes::ExternalIdHashes(Connection& connection)
    : names_(connection), write_(connection, "INSERT OR REPLACE INTO " + rows_for(kExternalIdHash)) {}

void ExternalIdHashes::add(std::uint32_t ordinal, std::string_view external_id) {
  const std::uint32_t first = ordinal - place_of(ordinal);
  if (!told_.empty() && first < told_.back().first) told_.clear();   // given anew
  if (told_.empty() && ordinal != first) return;                     // others of the row may have come before
  if (told_.empty() || told_.back().first != first) told_.push_back({.first = first});
  put_hash(ordinal, external_id, told_.back().hashes);
}

void ExternalIdHashes::complete(std::uint32_t before, std::uint32_t last) {
  if (!completes(before, last)) return;
  const std::uint32_t first = before / kUsers * kUsers + 1;
  const std::uint32_t end = last / kUsers * kUsers;
  if (told_.empty() || told_.front().first > first) {
    write_of_users(first, end);
  } else {
    for (const Row& row : told_) {
      if (row.first <= end) write(row);
    }
  }
  std::erase_if(told_, [end](const Row& row) { return row.first <= end; });
}

void ExternalIdHashes::write_of_users(std::uint32_t first, std::uint32_t last) {
  const UserTable::NameReader::Walk walk(names_, first, last);
  Row row;   // under construction
  while (const auto name = names_.next()) {
    if (const std::uint32_t its_first = name->ordinal - place_of(name->ordinal); its_first != row.first) {
      if (row.first != 0) write(row);
      row = {.first = its_first};
    }
    put_hash(name->ordinal, name->external_id, row.hashes);
  }
  if (row.first != 0) write(row);
}

void ExternalIdHashes::write(const Row& row) {
  bind_row<Column::count>(write_, 1, row.first, checksum_of(row.first, row.hashes),
                          std::span<const std::uint8_t>(row.hashes));
  write_.run();
}

// --- Looked up. ---

// One look for all that are sought.
class ExternalIdFinder::Search {
 public:
  Search(UserTable::NameReader& names, Ordinals& sought)
      : names_(names), sought_(sought), missing_(sought.size()) {
    for (const auto& [external_id, ordinal] : sought) hashes_.set(hash_of(external_id));
  }

  bool is_over() const noexcept { return missing_ == 0; }

  // All of the users from one to another.
  void scan(std::int64_t first, std::int64_t last) {
    if (is_over() || first > last) return;
    const UserTable::NameReader::Walk walk(names_, first, last);
    while (const auto name = names_.next()) {
      const auto found = sought_.find(name->external_id);
      if (found == sought_.end() || found->second != kNobody) continue;
      found->second = name->ordinal;
      if (--missing_ == 0) return;
    }
  }

  // Those whom the hashes point out. A look at one costs as much as passing by several.
  void look_at(const Block& block) {
    constexpr std::size_t kMany = kUsers / 8;
    std::array<std::uint32_t, kMany> pointed_out{};
    std::size_t count = 0;
    for (std::uint32_t place = 0; place < kUsers; ++place) {
      if (!hashes_.test(hash_at(block.hashes, place))) continue;
      if (count == kMany) return scan(block.first, block.last());
      pointed_out[count++] = block.first + place;
    }
    for (const std::uint32_t ordinal : std::span(pointed_out).first(count)) scan(ordinal, ordinal);
  }

 private:
  UserTable::NameReader& names_;
  Ordinals& sought_;
  std::size_t missing_;
  std::bitset<1 << 16> hashes_;   // of those who are sought
};

ExternalIdFinder::ExternalIdFinder(Connection& connection)
    : names_(connection), rows_(connection, all_rows()) {}

void ExternalIdFinder::find(Ordinals& sought) {
  Search search(names_, sought);
  const ResetAtEnd reset(rows_);
  std::int64_t next = 1;   // all before it were looked at
  while (!search.is_over() && rows_.step()) {
    const auto block = block_of(rows_);
    if (!block) continue;
    search.scan(next, std::int64_t{block->first} - 1);
    search.look_at(*block);
    next = std::int64_t{block->last()} + 1;
  }
  search.scan(next, kMaxOrdinal);
}

// --- Checked. ---

void check_external_id_hashes(Connection& connection, std::uint32_t last_ordinal,
                              const OnWrongHashes& on_wrong) {
  UserTable::NameReader names(connection);
  Statement rows(connection, all_rows());
  while (rows.step()) {
    const std::int64_t first = rows.integer(Column::first);
    const auto block = block_of(rows);
    if (!block || block->last() > last_ordinal) {
      on_wrong(first, "is not one that the store has written");
      continue;
    }
    const UserTable::NameReader::Walk walk(names, block->first, block->last());
    while (const auto name = names.next()) {
      if (hash_at(block->hashes, name->ordinal - block->first) == hash_of(name->external_id)) continue;
      on_wrong(first, "has another hash than the external id of user " + std::to_string(name->ordinal));
    }
  }
}

}   // namespace usertags::sqlite
