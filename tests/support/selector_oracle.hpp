// What a selector means, written down as naively as can be, from docs/selectors.md: what every evaluation is
// compared with. And random selectors and tags that meet each other often.
#pragma once

#include <rapidcheck.h>

#include <iosfwd>
#include <map>
#include <string>

#include <usertags/selector.hpp>

#include "selector/node.hpp"

namespace usertags::test {

using TagMap = std::map<std::string, std::string>;

// Whether a user with these tags, all well-formed, is meant. One of a refused selector is nobody's.
bool selects(const selector::Node& selector, const TagMap& tags);
bool selects(const Selector& selector, const TagMap& tags);

// Few keys and values, among them empty ones, integers and what only looks like one, and characters of more
// than one byte. Groups up to four deep. Shrinks to fewer terms.
rc::Gen<selector::NodePtr> any_selector_node();
rc::Gen<Selector> any_selector();
rc::Gen<TagMap> any_tag_map();

// The same shape, of the keys and values that are given, and patterns made of these values.
rc::Gen<selector::NodePtr> any_selector_node(const rc::Gen<std::string>& key,
                                             const rc::Gen<std::string>& value);

}   // namespace usertags::test

// RapidCheck finds them by argument-dependent look-up.
namespace usertags {
void showValue(const Selector& selector, std::ostream& out);
namespace selector {
void showValue(const NodePtr& selector, std::ostream& out);
}
}   // namespace usertags
