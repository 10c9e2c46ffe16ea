// Lookahead: goes through a group's writes ahead of the judge and has their users' records fetched into the
// cache, many at once, so that the judge does not wait for each of them in turn.
#pragma once

#include <cstddef>
#include <span>

#include "index/projection.hpp"
#include "store/request.hpp"

namespace usertags::store {

class Lookahead {
 public:
  Lookahead(const index::Projection& projection, std::span<const Slice> slices) noexcept;

  // To be called before each write of the slices is judged, in order.
  void advance() noexcept {
    if (ahead_ == 0) fetch();
    --ahead_;
  }

 private:
  void fetch() noexcept;

  const index::Projection& projection_;
  std::span<const Slice> slices_;   // from the one with the next write on
  std::size_t next_ = 0;            // in the first slice
  std::size_t ahead_ = 0;           // writes whose users are fetched and which are not yet judged
};

}   // namespace usertags::store
