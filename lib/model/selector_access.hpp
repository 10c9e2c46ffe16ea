// SelectorForm: what a Selector holds. SelectorAccess: the way from the selectors of hosts to their trees.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/selector.hpp>

#include "model/selector_node.hpp"

namespace usertags::model {

// Immutable. A refused selector has an error, and a tree that nobody may look at, as it may break the bounds.
struct SelectorForm {
  SelectorNodePtr node;
  std::string text;
  std::optional<Error> error;
};

class SelectorAccess {
 public:
  // The tree, or why the selector is refused. Throws std::bad_alloc.
  static Result<SelectorNodePtr> node(const Selector& selector);

  // Of a tree within or beyond the bounds, not more than twice so; of parts that cannot be put together.
  // They throw std::bad_alloc.
  static Selector selector(SelectorNodePtr node);
  static Selector refused(Error error);

  static const SelectorForm& form(const Selector& selector);
};

}   // namespace usertags::model
