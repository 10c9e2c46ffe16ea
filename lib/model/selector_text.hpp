// The canonical text of a selector.
//
//   a term      key   !key   key=value   key!=value   key in (v,w)   key notin (v,w)   key~pattern
//               key!~pattern   key>1   key<1
//   a group     any(…)   all(…)   not(…); the terms of the outermost `all` stand without it
//   a text      as it is where it is a word, else in quotes; a pattern without its escapes where it can be
//
// One space before and after `in` and `notin`, and no other white space. Equal trees have equal texts, and a
// text parses to the tree that it was made from.
#pragma once

#include <cstddef>
#include <string>

#include "model/selector_node.hpp"

namespace usertags::model {

struct SelectorText {
  std::string text;
  std::size_t depth = 0;   // of groups within one another
  std::size_t terms = 0;   // groups not counted
};

// Recursion as deep as the tree. Throws std::bad_alloc.
SelectorText write_selector(const SelectorNode& selector);

}   // namespace usertags::model
