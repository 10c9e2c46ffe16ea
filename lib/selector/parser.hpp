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

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

#include "selector/node.hpp"

namespace usertags::selector {

// The tree; else invalid_selector. The bounds on the text given hold, those on the canonical one are not
// judged (check_selector_bounds). Recursion is bounded by kMaxSelectorDepth. Throws std::bad_alloc.
Result<NodePtr> parse_selector(std::string_view text);

// Where the parser could not go on, and what to tell about it.
struct SelectorMistake {
  // What could have stood at the position.
  enum class Wanted : std::uint8_t {
    term,
    key,         // after "!"
    separator,   // after a term: "," and what closes; after a key without a test, a test as well
    value,       // after "=", "==" and "!="
    pattern,
    integer,
    list,             // the "(" after in and notin
    list_separator,   // after a value in it
  };

  std::string_view text;   // the whole selector, well-formed UTF-8
  Wanted wanted{};
  std::size_t position = 0;             // of what was found; the text's size: its end
  std::optional<std::size_t> opening;   // of the "(" of the group or list
  // The term that was being read, or had been last, as it is written. Empty where it was a group.
  std::string_view key;
  std::string_view test;     // "!", "=", "in", …; empty: none
  std::size_t operand = 0;   // where what follows the test begins
};

// invalid_selector with position and message. They throw std::bad_alloc.
Error explain(const SelectorMistake& mistake);
Error explain(std::size_t position, std::string_view what, std::string remedy = {});

// What somebody is likely to have meant, as the rest of a sentence; empty where nobody can tell.
std::string hint(const SelectorMistake& mistake);

// What was found: the token at the position.
std::string_view found_token(const SelectorMistake& mistake) noexcept;

}   // namespace usertags::selector
