// Parser of the selector language (docs/selectors.md):
//
//   selector = ws [ terms ] ws ;                    (* ws between any tokens *)
//   terms    = term { "," term } ;
//   term     = group | "!" key | key [ test ] ;
//   group    = ("any"|"all"|"not") "(" terms ")" ;  (* only if "(" follows; not(a,b) = NOT (a AND b) *)
//   test     = ("="|"=="|"!=") [ value ]            (* absent = "" *)
//            | ("in"|"notin") "(" [value] { "," [value] } ")"
//            | (">"|"<") int
//            | ("~"|"!~") pattern ;
//   key      = word | quoted ;                      (* in, notin are keys where no key precedes *)
//   value    = word | quoted ;
//   word     = wchar { wchar } ;                      (* begins with no single quote *)
//   wchar    = codepoint - (ws | control | one of , ( ) = ! < > ~ " \ * ? # / :) ;
//   quoted   = '"' { qchar | '\"' | '\\' } '"' ;    qchar = codepoint - ('"' | '\' | NUL) ;
//   pattern  = pitem { pitem } | '"' { qchar | esc } '"' ;   (* wild in quotes too *)
//   pitem    = wchar | "*" | "?" | esc ;            esc = "\" ("*" | "?" | "\" | '"') ;
//   int      = [ "+" | "-" ] digit { digit } ;      ws = { space | tab | CR | LF } ;
#pragma once

#include <string_view>

#include <usertags/error.hpp>

#include "model/selector_node.hpp"

namespace usertags::model {

// The tree; else invalid_selector. The bounds on the text given hold, those on the canonical one are not
// judged (check_selector_bounds). Recursion is bounded by kMaxSelectorDepth. Throws std::bad_alloc.
Result<SelectorNodePtr> parse_selector(std::string_view text);

}   // namespace usertags::model
