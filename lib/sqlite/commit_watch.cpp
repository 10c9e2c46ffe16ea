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
    : connection_(configure(file, busy_timeout)), version_(connection_) {}

void CommitWatch::begin() {
  begun_at_ = version_.read();
}

bool CommitWatch::saw_commit() {
  return version_.read() != begun_at_;
}

}   // namespace usertags::sqlite
