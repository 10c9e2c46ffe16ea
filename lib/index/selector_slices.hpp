// Evaluation of a selector that takes too long for one hold of the moment lock (Work,
// selector_evaluation.hpp): in slices, between which the publisher gets in, and still as of one moment.
//
// A moment is pinned before the first slice. Whether a user matches depends on that user's tags alone, and so
// on nothing that changes for a user of whom nothing was published since. What the slices say of all others
// is right for the moment; those of whom something was published (Touched) are taken out, and judged by their
// tags then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "index/selector_evaluation.hpp"
#include "index/tag_index.hpp"
#include "index/user_set.hpp"
#include "model/record.hpp"
#include "selector/node.hpp"

namespace usertags::index {

// Until when an answer is of use.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;
void require_before(const Deadline& deadline);   // throws Failure (timeout)

// A user of whom something was published since a moment, as it was then: null if it was not there.
struct Touched {
  std::uint32_t ordinal = 0;
  model::RecordPtr then;
};

// Looks at the index at a moment of its own.
using Look = std::function<void(const TagIndex&)>;

class SelectorSlices {
 public:
  // `look` calls its argument with the index, under the moment lock.
  SelectorSlices(std::function<void(const Look&)> look, const Deadline& deadline)
      : look_(std::move(look)), deadline_(deadline) {}

  // Throw std::bad_alloc, and Failure (timeout).
  Ordinals matching(const selector::Node& selector);
  void correct(Ordinals& found, const selector::Node& selector, std::span<const Touched> touched) const;

 private:
  Ordinals all(const selector::Node& selector);
  Ordinals any(const selector::Node& selector);
  Ordinals with_one_of(const selector::Node& selector);
  Ordinals with_value_like(const selector::Node& selector);
  const Ordinals& living();
  void slice(const Look& work) const;

  std::function<void(const Look&)> look_;
  const Deadline deadline_;
  std::optional<Ordinals> living_;
};

// Whether the user's tags match.
bool matches(const selector::Node& selector, const model::Record& user);

}   // namespace usertags::index
