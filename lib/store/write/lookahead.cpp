#include "store/write/lookahead.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <variant>

namespace usertags::store {
namespace {

UserRef user_of(const WriteView& write) noexcept {
  if (const auto* creation = std::get_if<CreateView>(&write))
    return UserRef::external_id(creation->external_id);
  if (const auto* patch = std::get_if<PatchView>(&write)) return patch->user;
  return std::get<DeleteView>(write).user;
}

}   // namespace

Lookahead::Lookahead(const index::Projection& projection, const index::TokenIndex& tokens,
                     std::span<const Slice> slices) noexcept
    : projection_(projection),
      tokens_(tokens),
      slices_(slices),
      next_(slices.empty() ? 0 : slices.front().begin) {}

// Once all writes are fetched, there is nothing to wait for: whoever goes on does so without help.
void Lookahead::fetch() noexcept {
  boost::container::static_vector<UserRef, index::Projection::kMaxPrefetch> users;
  while (!slices_.empty() && users.size() < users.capacity()) {
    if (next_ >= slices_.front().end) {
      slices_ = slices_.subspan(1);
      next_ = slices_.empty() ? 0 : slices_.front().begin;
    } else {
      const WriteView write = slices_.front().request->write(next_++);
      users.push_back(user_of(write));
      if (const std::string& token = options_of(write).token; !token.empty()) tokens_.prefetch(token);
    }
  }
  projection_.prefetch(users);
  ahead_ = std::max<std::size_t>(users.size(), 1);
}

}   // namespace usertags::store
