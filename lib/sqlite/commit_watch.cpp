#include "sqlite/commit_watch.hpp"

namespace usertags::sqlite {
namespace {

ConnectionConfig configure(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout) {
  ConnectionConfig config;
  config.path = file;
  config.mode = OpenMode::read_only;
  config.busy_timeout = busy_timeout;
  return config;
}

}   // namespace

CommitWatch::CommitWatch(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout)
    : connection_(configure(file, busy_timeout)), data_version_(connection_, "PRAGMA data_version") {}

void CommitWatch::begin() {
  begun_at_ = version();
}

bool CommitWatch::saw_commit() {
  return version() != begun_at_;
}

std::int64_t CommitWatch::version() {
  const ResetAtEnd reset(data_version_);
  data_version_.step();
  return data_version_.integer(0);
}

}   // namespace usertags::sqlite
