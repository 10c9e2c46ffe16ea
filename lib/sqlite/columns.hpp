// The columns of the tables, said once: statements, and rows that are read and written, follow from here, and
// schema.cpp holds its text against it when it is compiled.
//
// A new column is a new format: kFormatVersion, a step in schema.cpp that migrates, docs/file-format.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "model/settings.hpp"

namespace usertags::sqlite {

// A table, and its columns in the order of the schema. A SELECT reads all of them, or the first so many, so
// that a column has the same place in every row.
template <std::size_t kColumns>
struct Table {
  const char* name;
  std::array<std::string_view, kColumns> columns;
};
template <std::size_t kColumns>
Table(const char*, std::array<std::string_view, kColumns>) -> Table<kColumns>;

// Any of them.
struct TableView {
  const char* name;
  std::span<const std::string_view> columns;

  template <std::size_t kColumns>
  constexpr TableView(const Table<kColumns>& table) noexcept : name(table.name), columns(table.columns) {}
  constexpr TableView(const char* table, std::span<const std::string_view> first_columns) noexcept
      : name(table), columns(first_columns) {}

  // The table up to a column, and with it.
  constexpr TableView up_to(int column) const noexcept {
    return {name, columns.first(static_cast<std::size_t>(column) + 1)};
  }
};

// What statements say of all columns of a table, in their order.
std::string list_of(TableView table);                          // "seq, ordinal"
std::string select_from(TableView table);                      // "SELECT seq, ordinal FROM token"
std::string rows_for(TableView table, std::size_t rows = 1);   // "token(seq, ordinal) VALUES (?,?),(?,?)"

// --- The tables. Places count from 0, as SQLite's. ---

struct SegmentColumn {
  enum : int { first, last, at_ms, lived_ms, checksum, entries, count };
};
inline constexpr Table kSegment{
    "segment",
    std::to_array<std::string_view>({"first", "last", "at_ms", "lived_ms", "checksum", "entries"})};
static_assert(kSegment.columns.size() == SegmentColumn::count);

struct UserColumn {
  enum : int { ordinal, id, external_id, revision, checksum, tags, count };
};
inline constexpr Table kUser{"user", std::to_array<std::string_view>(
                                         {"ordinal", "id", "external_id", "revision", "checksum", "tags"})};
static_assert(kUser.columns.size() == UserColumn::count);

struct ExternalIdHashColumn {
  enum : int { first, checksum, hashes, count };
};
inline constexpr Table kExternalIdHash{"external_id_hash",
                                       std::to_array<std::string_view>({"first", "checksum", "hashes"})};
static_assert(kExternalIdHash.columns.size() == ExternalIdHashColumn::count);

struct TokenColumn {
  enum : int { seq, ordinal, revision, changed, lived_ms, checksum, token, digest, count };
};
inline constexpr Table kToken{
    "token", std::to_array<std::string_view>(
                 {"seq", "ordinal", "revision", "changed", "lived_ms", "checksum", "token", "digest"})};
static_assert(kToken.columns.size() == TokenColumn::count);

// Without its `id`, which is 1. The settings stand behind their version, in the order of their fields.
struct StateColumn {
  enum : int {
    store_id,
    epoch,
    clean,
    revision,
    last_ordinal,
    last_id,
    last_at_ms,
    digest,
    log_checksum,
    folded_revision,
    log_floor,
    floor_checksum,
    last_token,
    token_floor,
    lived_ms,
    entry,
    entry_checksum,
    binding,
    settings_version,
    first_setting,
    checksum = first_setting + static_cast<int>(model::kSettingCount),
    count
  };
};

consteval auto state_columns() noexcept {
  constexpr auto kFirst = std::to_array<std::string_view>(
      {"store_id", "epoch", "clean", "revision", "last_ordinal", "last_id", "last_at_ms", "digest",
       "log_checksum", "folded_revision", "log_floor", "floor_checksum", "last_token", "token_floor",
       "lived_ms", "entry", "entry_checksum", "binding", "settings_version"});
  static_assert(kFirst.size() == StateColumn::first_setting);
  std::array<std::string_view, StateColumn::count> columns{};
  auto next = std::ranges::copy(kFirst, columns.begin()).out;
  for (const model::SettingField& field : model::kSettingFields) *next++ = field.name;
  *next = "checksum";
  return columns;
}
inline constexpr Table kState{"state", state_columns()};

}   // namespace usertags::sqlite
