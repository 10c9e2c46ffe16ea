// Lookahead: goes through a group's writes ahead of the judge and has what he will look at fetched into the
// cache, users' records and places of tokens, many at once, so that he does not wait for each of them in
// turn.
#pragma once

#include <cstddef>
#include <span>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

class Lookahead {
 public:
  Lookahead(const index::Projection& projection, const index::TokenIndex& tokens,
            std::span<const Slice> slices) noexcept;

  // To be called before each write of the slices is judged, in order.
  void advance() noexcept {
    if (ahead_ == 0) fetch();
    --ahead_;
  }

 private:
  void fetch() noexcept;

  const index::Projection& projection_;
  const index::TokenIndex& tokens_;
  std::span<const Slice> slices_;   // from the one with the next write on
  std::size_t next_ = 0;            // in the first slice
  std::size_t ahead_ = 0;           // writes whose users are fetched and which are not yet judged
};

}   // namespace usertags::store
