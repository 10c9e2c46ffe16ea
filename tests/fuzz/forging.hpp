// Forging: a store's rows changed by a stock connection, and its checksums made to fit again, so that what a
// fuzzer changes is met by what reads rows, and not by the first check.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "fuzz/store_files.hpp"
#include "fuzz/target.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::fuzz {

// Changes one thing: a column of a row, or whether the row is there. Throws where SQLite refuses.
void change_rows(test::StockSqlite& stock, std::mt19937& random, MutateBytes mutate_bytes);

// What is made to fit, each with what builds upon it.
enum class Fit : std::uint8_t {
  state,    // the commit record bears its checksum
  log,      // and the log is chained again
  rows,     // and each row of users, hashes and tokens bears its checksum
  digest,   // and the digest is that of the users
  bounds    // and revision, ordinals and token numbers are those of the rows
};

// Leaves out what cannot be told, as of a text that is no JSON.
void make_fit(test::StockSqlite& stock, Fit fit);

// The files with some rows changed, and made to fit more or less. `keep_wal`: what is new stands in the WAL,
// else in the database, and no WAL is left. As they were where SQLite refuses.
StoreFiles with_rows_changed(const StoreFiles& files, bool keep_wal, std::mt19937& random,
                             MutateBytes mutate_bytes);

}   // namespace usertags::fuzz
