#include "loader.hpp"

#include <utility>

#include "exit_code.hpp"

namespace usertags::command {

namespace {
constexpr std::size_t kMaxRows = 4096;
constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
}   // namespace

bool Loader::add(Row row) {
  bytes_ += row.text.size();
  origins_.push_back({row.line, std::move(row.text)});
  group_.add(std::move(row.user));
  return (origins_.size() < kMaxRows && bytes_ < kMaxBytes) || commit();
}

bool Loader::commit() {
  const auto outcomes = group_.commit(store_);
  for (std::size_t i = 0; i < outcomes.size(); ++i) settle(origins_[i], outcomes[i]);
  origins_.clear();
  bytes_ = 0;
  return !failure_;
}

void Loader::settle(const Origin& origin, const Result<Applied>& outcome) {
  if (outcome) {
    ++loaded_;
  } else if (exit_code_of_line(outcome.error().code()) == kRefused) {
    rejects_.add(origin.line, origin.text, outcome.error());
  } else if (!failure_) {
    failure_ = Failure{outcome.error(), origin.line};
  }
}

}   // namespace usertags::command
