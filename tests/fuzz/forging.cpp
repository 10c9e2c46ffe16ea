#include "fuzz/forging.hpp"

#include <xxhash.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/segment.hpp"
#include "model/text.hpp"
#include "model/typeid.hpp"
#include "support/temp_dir.hpp"

namespace usertags::fuzz {
namespace {

using test::StockSqlite;
using Row = StockSqlite::Row;

std::string literal(std::string_view bytes, bool is_text) {
  std::string hex;
  for (const char byte : bytes) model::append_hex(static_cast<std::uint8_t>(byte), hex);
  return is_text ? "CAST(x'" + hex + "' AS TEXT)" : "x'" + hex + "'";
}

std::string literal(std::uint64_t bits) {
  // Hexadecimal, because the smallest integer has no decimal literal.
  std::string hex = "0x";
  for (int shift = 56; shift >= 0; shift -= 8)
    model::append_hex(static_cast<std::uint8_t>(bits >> shift), hex);
  return hex;
}

std::int64_t integer(const std::string& text) {   // 0: it is none
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t bits(const std::string& text) {
  return static_cast<std::uint64_t>(integer(text));
}

template <class Range>
const auto& any_of(const Range& range, std::mt19937& random) {
  return range[random() % std::size(range)];
}

std::uint64_t changed_integer(std::int64_t value, std::mt19937& random) {
  const auto number = static_cast<std::uint64_t>(value);
  const std::uint64_t choices[] = {number + 1,
                                   number - 1,
                                   0,
                                   1,
                                   2,
                                   ~std::uint64_t{0},
                                   std::uint64_t{1} << 32,
                                   (std::uint64_t{1} << 32) - 1,
                                   ~std::uint64_t{0} >> 1,
                                   std::uint64_t{1} << 63,
                                   number ^ (std::uint64_t{1} << random() % 64)};
  return any_of(choices, random);
}

std::string changed_bytes(std::string bytes, std::mt19937& random, MutateBytes mutate_bytes) {
  const std::size_t size = bytes.size();
  if (size == 0 || random() % 16 == 0)
    return random() % 2 == 0 ? std::string() : std::string(1 + random() % 1'100, 'x');
  bytes.resize(size + 64);
  bytes.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

struct TableOfRows {
  const char* name;
  const char* key;
};
constexpr TableOfRows kTables[] = {{"segment", "first"},
                                   {"user", "ordinal"},
                                   {"external_id_hash", "first"},
                                   {"token", "seq"},
                                   {"state", "id"}};

// No store so small has a row of it.
void add_external_id_hashes(StockSqlite& stock) {
  stock.run("INSERT OR IGNORE INTO external_id_hash VALUES (1, 0, zeroblob(4000))");
}

std::vector<std::string> columns_of(StockSqlite& stock, const TableOfRows& table) {
  std::vector<std::string> columns;
  for (const Row& row : stock.query(std::string("SELECT name FROM pragma_table_info('") + table.name + "')"))
    columns.push_back(row[0]);
  return columns;
}

void change_column(StockSqlite& stock, const TableOfRows& table, const std::string& where,
                   std::mt19937& random, MutateBytes mutate_bytes) {
  const std::string column = any_of(columns_of(stock, table), random);
  const auto found = stock.query("SELECT typeof(" + column + "), " + column + " FROM " + table.name + where);
  if (found.empty()) return;
  const std::string& type = found[0][0];
  std::string value = "NULL";
  if (type == "integer") value = literal(changed_integer(integer(found[0][1]), random));
  if (type == "text" || type == "blob")
    value = literal(changed_bytes(found[0][1], random, mutate_bytes), type == "text");
  if (type == "null" && column == "ordinal") value = literal(random() % 9);
  if (type == "null" && column != "ordinal") value = literal("{}", true);
  if (random() % 32 == 0) value = "NULL";
  stock.run(std::string("UPDATE OR REPLACE ") + table.name + " SET " + column + " = " + value + where);
}

// The row once more, under a key of its own.
void copy_row(StockSqlite& stock, const TableOfRows& table, const std::string& where, std::uint64_t key) {
  std::string columns;
  for (const std::string& column : columns_of(stock, table)) {
    if (column != table.key) columns += ", " + column;
  }
  const std::string all = table.key + columns;
  stock.run(std::string("INSERT OR REPLACE INTO ") + table.name + "(" + all + ") SELECT " + literal(key) +
            columns + " FROM " + table.name + where);
}

}   // namespace

void change_rows(StockSqlite& stock, std::mt19937& random, MutateBytes mutate_bytes) {
  const TableOfRows& table = any_of(kTables, random);
  if (table.name == std::string_view("external_id_hash")) add_external_id_hashes(stock);
  const auto keys = stock.query(std::string("SELECT ") + table.key + " FROM " + table.name);
  if (keys.empty()) return;
  const std::string key = any_of(keys, random)[0];
  const std::string where = std::string(" WHERE ") + table.key + " = " + key;
  switch (random() % 8) {
    case 0: return stock.run(std::string("DELETE FROM ") + table.name + where);
    case 1: return copy_row(stock, table, where, bits(key) + 1 + random() % 2);
    case 2: return copy_row(stock, table, where, bits(any_of(keys, random)[0]));
    default: return change_column(stock, table, where, random, mutate_bytes);
  }
}

namespace {

struct UserRow {
  std::uint32_t ordinal = 0;
  std::string id;
  std::string external_id;
  std::uint64_t revision = 0;
  std::optional<std::map<std::string, std::string>> tags;   // none: deleted
};

// None where no record can be made of it.
model::RecordPtr record_of(const UserRow& user) {
  const auto id = model::parse_user_id(user.id);
  if (!id) return {};
  std::vector<Tag> tags;
  if (user.tags) {
    for (const auto& [key, value] : *user.tags) tags.push_back({key, value});
  }
  if (!model::Record::has_room_for(user.external_id, tags)) return {};
  auto record = model::Record::make(user.ordinal, user.revision, *id, user.external_id, tags);
  return user.tags ? record : model::Record::make_tombstone(*record, user.revision);
}

std::vector<UserRow> users_of(StockSqlite& stock) {
  std::vector<UserRow> users;
  model::PatchDecoder decoder;
  for (const Row& row :
       stock.query("SELECT ordinal, id, external_id, revision, tags, tags IS NULL FROM user")) {
    UserRow user{static_cast<std::uint32_t>(integer(row[0])), row[1], row[2], bits(row[3]), {}};
    if (row[5] == "0") {
      const auto tags = decoder.tags(row[4]);
      if (!tags) continue;
      user.tags.emplace();
      for (const Tag& tag : *tags) user.tags->emplace(tag.key, tag.value);
    }
    users.push_back(std::move(user));
  }
  return users;
}

void fit_rows(StockSqlite& stock) {
  for (const UserRow& user : users_of(stock)) {
    if (const auto record = record_of(user))
      stock.run(
          "UPDATE user SET checksum = " + literal(static_cast<std::uint64_t>(model::row_checksum(*record))) +
          " WHERE ordinal = " + std::to_string(user.ordinal));
  }
  for (const Row& row : stock.query("SELECT first, hashes FROM external_id_hash")) {
    std::string image;
    model::append_number(bits(row[0]), image);
    image += row[1];
    stock.run("UPDATE external_id_hash SET checksum = " +
              literal(std::uint64_t{XXH3_64bits(image.data(), image.size())}) + " WHERE first = " + row[0]);
  }
  for (const Row& row :
       stock.query("SELECT seq, ordinal, revision, changed, lived_ms, token, digest FROM token")) {
    model::Token token{bits(row[0]),
                       static_cast<std::uint32_t>(integer(row[1])),
                       bits(row[2]),
                       integer(row[3]) != 0,
                       integer(row[4]),
                       row[5],
                       {}};
    if (row[6].size() != token.request.size() || row[5].size() > model::kMaxTokenBytes) continue;
    std::copy(row[6].begin(), row[6].end(), token.request.begin());
    stock.run("UPDATE token SET checksum = " + literal(model::token_checksum(token)) +
              " WHERE seq = " + row[0]);
  }
}

void fit_log(StockSqlite& stock) {
  const auto state = stock.query("SELECT floor_checksum FROM state");
  if (state.empty()) return;
  std::uint64_t checksum = bits(state[0][0]);
  for (const Row& row :
       stock.query("SELECT first, last, at_ms, lived_ms, entries FROM segment ORDER BY first")) {
    const model::Segment segment{.first = bits(row[0]),
                                 .last = bits(row[1]),
                                 .at_ms = integer(row[2]),
                                 .lived_ms = integer(row[3]),
                                 .checksum = 0,
                                 .entries = row[4]};
    checksum = model::chain_checksum(checksum, segment);
    stock.run("UPDATE segment SET checksum = " + literal(checksum) + " WHERE first = " + row[0]);
  }
  stock.run("UPDATE state SET log_checksum = " + literal(checksum));
}

void apply_log(StockSqlite& stock, std::map<std::uint32_t, UserRow>& users) {
  model::PatchDecoder decoder;
  const char* const log =
      "SELECT seq, ordinal, patch FROM change, state WHERE seq > folded_revision AND kind = 2 AND "
      "(SELECT min(json_valid(entries)) FROM segment) = 1 ORDER BY seq";
  for (const Row& row : stock.query(log)) {
    const auto user = users.find(static_cast<std::uint32_t>(integer(row[1])));
    const auto deltas = decoder.patch(row[2]);
    if (user == users.end() || !user->second.tags || user->second.revision >= bits(row[0]) || !deltas)
      continue;
    user->second.revision = bits(row[0]);
    for (const auto& [key, value, before] : *deltas) {
      if (value) (*user->second.tags)[std::string(key)] = *value;
      if (!value) user->second.tags->erase(std::string(key));
    }
  }
}

void fit_digest(StockSqlite& stock) {
  std::map<std::uint32_t, UserRow> users;
  for (UserRow& user : users_of(stock)) users.emplace(user.ordinal, std::move(user));
  apply_log(stock, users);
  model::Digest digest;
  for (const auto& [ordinal, user] : users) {
    if (const auto record = user.tags ? record_of(user) : model::RecordPtr())
      digest += model::user_hash(*record);
  }
  const auto bytes = digest.bytes();
  stock.run("UPDATE state SET digest = " +
            literal({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, false));
}

void fit_bounds(StockSqlite& stock) {
  stock.run(
      "UPDATE state SET revision = ifnull((SELECT max(last) FROM segment), revision),"
      " last_ordinal = ifnull((SELECT max(ordinal) FROM user), last_ordinal),"
      " last_token = ifnull((SELECT max(seq) FROM token), last_token),"
      " log_floor = ifnull((SELECT min(first) FROM segment), log_floor),"
      " token_floor = ifnull((SELECT min(seq) FROM token), token_floor)");
}

void fit_state(StockSqlite& stock) {
  std::string image;
  for (const Row& column : stock.query("SELECT name FROM pragma_table_info('state')")) {
    if (column[0] == "id" || column[0] == "checksum") continue;
    const auto found = stock.query("SELECT typeof(" + column[0] + "), " + column[0] + " FROM state");
    if (found.empty()) return;
    if (found[0][0] == "blob") {
      image += found[0][1];
    } else {
      model::append_number(bits(found[0][1]), image);
    }
  }
  stock.run("UPDATE state SET checksum = " + literal(std::uint64_t{XXH3_64bits(image.data(), image.size())}));
}

}   // namespace

void make_fit(StockSqlite& stock, Fit fit) {
  if (fit >= Fit::bounds) fit_bounds(stock);
  if (fit >= Fit::log) fit_log(stock);
  if (fit >= Fit::rows) fit_rows(stock);
  if (fit >= Fit::digest) fit_digest(stock);
  fit_state(stock);
}

StoreFiles with_rows_changed(const StoreFiles& files, bool keep_wal, std::mt19937& random,
                             MutateBytes mutate_bytes) {
  static const test::TempDir folder(test::memory_folder());
  const std::filesystem::path path = folder / "forged.db";
  put_files(path, files);
  try {
    StockSqlite stock(path);
    stock.run(
        "PRAGMA ignore_check_constraints = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF; BEGIN");
    for (auto changes = 1 + random() % 3; changes != 0; --changes) change_rows(stock, random, mutate_bytes);
    if (random() % 8 != 0) make_fit(stock, static_cast<Fit>(random() % 5));
    stock.run("COMMIT");
    if (keep_wal) return files_at(path);
    stock.run("PRAGMA wal_checkpoint(TRUNCATE)");
    return {files_at(path).database, {}};
  } catch (const std::runtime_error&) {
    return files;
  }
}

}   // namespace usertags::fuzz
