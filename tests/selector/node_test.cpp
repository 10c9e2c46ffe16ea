#include "selector/node.hpp"

#include <gtest/gtest.h>

namespace usertags::selector {
namespace {

using Kind = Node::Kind;

const NodePtr a = make_exists("a");
const NodePtr b = make_exists("b");
const NodePtr c = make_exists("c");

TEST(SelectorNode, FlattensSortsAndDropsRepeats) {
  EXPECT_EQ(*make_all({c, make_all({b, a}), a}), *make_all({a, b, c}));
  EXPECT_EQ(*make_any({c, make_any({b, a}), a}), *make_any({a, b, c}));
  EXPECT_EQ(make_all({c, b, a})->children, (std::vector{a, b, c}));
  EXPECT_NE(*make_all({a, b}), *make_any({a, b}));
  EXPECT_EQ(make_in("k", {"y", "x", "y"})->values, (std::vector<std::string>{"x", "y"}));
}

TEST(SelectorNode, AGroupOfOneIsThatOne) {
  EXPECT_EQ(make_all({a}), a);
  EXPECT_EQ(make_any({b, b}), b);
  EXPECT_EQ(make_all({make_any({a}), a}), a);
}

TEST(SelectorNode, EveryUserIsTheNeutralOfAllAndAbsorbsAny) {
  const NodePtr every = make_every_user();
  EXPECT_EQ(*make_all({}), *every);
  EXPECT_EQ(make_all({every, a}), a);
  EXPECT_EQ(*make_all({every, every}), *every);
  EXPECT_EQ(*make_any({a, every, b}), *every);
}

TEST(SelectorNode, ADoubleNegationIsNone) {
  EXPECT_EQ(make_negation(make_negation(a)), a);
  const NodePtr every = make_every_user();
  EXPECT_EQ(*make_negation(make_negation(every)), *every);
  EXPECT_NE(*make_negation(every), *every);
}

TEST(SelectorNode, NobodyIsAContradiction) {
  EXPECT_EQ(*make_negation(make_every_user()), *make_all({a, make_negation(a)}));
}

TEST(SelectorNode, TermsAreOrderedByKeyThenTestThenNegationAndGroupsComeLast) {
  const std::vector<NodePtr> ordered = {
      a,
      make_negation(a),
      make_in("a", {"x"}),
      make_in("a", {"x", "y"}),
      make_in("a", {"y"}),
      make_matches("a", {}),
      make_greater("a", -1),
      make_greater("a", 1),
      make_less("a", 0),
      make_negation(make_less("a", 0)),
      b,
      make_in("b", {""}),
      make_all({a, b}),
      make_negation(make_all({a, b})),
      make_all({a, b, c}),
      make_all({a, c}),
      make_any({a, b}),
  };
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(compare(*ordered[i], *ordered[j]), i <=> j) << i << ' ' << j;
    }
  }
}

}   // namespace
}   // namespace usertags::selector
