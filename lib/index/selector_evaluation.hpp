// Evaluation of selectors by set operations, on one moment of the tag index that the caller holds.
//
// Counting makes no set where sizes and the size of an intersection tell: of a test alone, of two tests, of
// their negations. Otherwise a conjunction begins with its smallest term, looks within what is left only, and
// the last term is counted, not made.
//
// A page looks at a stretch of ordinals at a time, the first as wide as one container of CRoaring, each
// further one four times as wide: so the first users come without the rest being made, and looking through
// all costs little more than doing it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "index/tag_index.hpp"
#include "model/selector_node.hpp"

namespace usertags::index {

// None where it is too much for one hold of the moment lock (selector_slices.hpp). Both throw std::bad_alloc.
std::optional<std::uint64_t> count_matching(const TagIndex& tags, const model::SelectorNode& selector);
// The first `limit` ordinals above `after`, ascending.
std::optional<std::vector<std::uint32_t>> first_matching(const TagIndex& tags,
                                                         const model::SelectorNode& selector,
                                                         std::uint32_t after, std::size_t limit);

}   // namespace usertags::index
