#include "store/read/page_limit.hpp"

#include <string>

namespace usertags::store {
namespace {

constexpr std::size_t kMaxPage = 10'000;

}   // namespace

std::optional<Error> bad_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxPage) return std::nullopt;
  return Error(ErrorCode::invalid_argument,
               "a page has a limit of 1 to 10,000, not " + std::to_string(limit));
}

}   // namespace usertags::store
