// rewrite_state: a commit record that is forged with care, so that it bears its checksum.
#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>

#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::test {

// Changes the commit record of a closed store.
inline void rewrite_state(const std::filesystem::path& path,
                          const std::function<void(sqlite::State&)>& change) {
  sqlite::ConnectionConfig config;
  config.path = path;
  sqlite::Connection connection(config);
  sqlite::Transaction transaction(connection);
  sqlite::StateTable table(connection);
  sqlite::State state = table.read();
  change(state);
  table.write(state);
  if (transaction.commit().error) throw std::runtime_error("cannot rewrite the commit record");
}

}   // namespace usertags::test
