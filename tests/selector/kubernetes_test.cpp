// Kubernetes label selectors mean here what they mean there (k8s.io/apimachinery/pkg/labels), apart from keys
// with a prefix before "/", which no tag has.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <usertags/selector.hpp>
#include <vector>

#include "support/selector_oracle.hpp"

namespace usertags {
namespace {

using test::TagMap;

struct Case {
  std::string selector;
  TagMap tags;
  bool selected;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << '\'' << one.selector << '\'';
}

class Kubernetes : public testing::TestWithParam<Case> {};

TEST_P(Kubernetes, SelectsTheSame) {
  const auto& [text, tags, selected] = GetParam();
  const auto selector = Selector::parse(text);
  ASSERT_TRUE(selector) << selector.error().message();
  EXPECT_EQ(test::selects(*selector, tags), selected) << text << " of " << testing::PrintToString(tags);
}

const TagMap kBoth = {{"env", "prod"}, {"tier", "web"}};

INSTANTIATE_TEST_SUITE_P(
    Equality, Kubernetes,
    testing::Values(Case{"", {}, true}, Case{"", kBoth, true}, Case{" ", kBoth, true},
                    Case{"env=prod", kBoth, true}, Case{"env==prod", kBoth, true},
                    Case{"env = prod", kBoth, true}, Case{"env=test", kBoth, false},
                    Case{"env=prod", {}, false}, Case{"env=Prod", kBoth, false},
                    Case{"env=prod,tier=web", kBoth, true}, Case{"env=prod,tier=db", kBoth, false},
                    Case{"env=prod,zone=a,tier=web", kBoth, false}, Case{"env=", {{"env", ""}}, true},
                    Case{"env= ", {{"env", ""}}, true}, Case{"env=,tier=", {{"env", ""}, {"tier", ""}}, true},
                    Case{"env=", kBoth, false}, Case{"env=", {}, false},
                    Case{"1env=1", {{"1env", "1"}}, true}));

INSTANTIATE_TEST_SUITE_P(Inequality, Kubernetes,
                         testing::Values(Case{"env!=test", kBoth, true}, Case{"env!=prod", kBoth, false},
                                         Case{"env!=prod", {}, true},
                                         Case{"env != test,tier != db", kBoth, true},
                                         Case{"env!=test,tier!=web", kBoth, false},
                                         Case{"env!=", {{"env", ""}}, false}, Case{"env!=", {}, true},
                                         Case{"env!=,tier", kBoth, true}));

INSTANTIATE_TEST_SUITE_P(
    Sets, Kubernetes,
    testing::Values(Case{"env in (prod)", kBoth, true}, Case{"env in (test,prod)", kBoth, true},
                    Case{"env  in\t ( test , prod )", kBoth, true}, Case{"env in\n(test)", kBoth, false},
                    Case{"env in (prod)", {}, false}, Case{"env in ()", {{"env", ""}}, true},
                    Case{"env in ()", kBoth, false}, Case{"env in ()", {}, false},
                    Case{"env in (prod,)", {{"env", ""}}, true}, Case{"env in (prod,)", kBoth, true},
                    Case{"env in (,prod)", {{"env", ""}}, true}, Case{"env in (prod,prod)", kBoth, true},
                    Case{"env notin (test)", kBoth, true}, Case{"env notin (prod)", kBoth, false},
                    Case{"env notin (test,prod)", kBoth, false}, Case{"env notin (prod)", {}, true},
                    Case{"env notin ()", kBoth, true}, Case{"env notin ( )", {{"env", ""}}, false},
                    Case{"env notin (test,,dev),tier", {{"env", ""}, {"tier", ""}}, false},
                    Case{"zone,tier in (web)", kBoth, false},
                    Case{"tier in (web),env notin (test),!zone", kBoth, true}));

INSTANTIATE_TEST_SUITE_P(Existence, Kubernetes,
                         testing::Values(Case{"env", kBoth, true}, Case{"\renv ", kBoth, true},
                                         Case{"env", {{"env", ""}}, true}, Case{"zone", kBoth, false},
                                         Case{"!zone", kBoth, true}, Case{"!env", kBoth, false},
                                         Case{"! zone", kBoth, true}, Case{"!env", {{"env", ""}}, false},
                                         Case{"env,!zone", kBoth, true}, Case{"env,!tier", kBoth, false},
                                         Case{"!a,!b", {}, true}));

INSTANTIATE_TEST_SUITE_P(Comparison, Kubernetes,
                         testing::Values(Case{"n>1", {{"n", "2"}}, true}, Case{"n>1", {{"n", "1"}}, false},
                                         Case{"n>1", {{"n", "0"}}, false}, Case{"n<1", {{"n", "0"}}, true},
                                         Case{"n<1", {{"n", "1"}}, false}, Case{"n<1", {{"n", "2"}}, false},
                                         Case{"n > 1,n < 5", {{"n", "3"}}, true},
                                         Case{"n>1,n<5", {{"n", "7"}}, false},
                                         Case{"n>9", {{"n", "10"}}, true}, Case{"n>1", {}, false},
                                         Case{"n<1", {}, false}, Case{"n>1", {{"n", "v2"}}, false},
                                         Case{"n<1", {{"n", ""}}, false}, Case{"n>1", {{"n", "2.5"}}, false},
                                         Case{"n>-2", {{"n", "-1"}}, true}, Case{"n<2", {{"n", "+1"}}, true},
                                         Case{"n>6", {{"n", "007"}}, true},
                                         Case{"n>0", {{"n", "99999999999999999999"}}, false}));

INSTANTIATE_TEST_SUITE_P(KeysThatAreOperators, Kubernetes,
                         testing::Values(Case{"notin=in", {{"notin", "in"}}, true},
                                         Case{"in", {{"in", ""}}, true}, Case{"!notin", {{"in", ""}}, true},
                                         Case{"in in (in,notin)", {{"in", "notin"}}, true},
                                         Case{"a in (x,y,notin,z,in)", {{"a", "in"}}, true},
                                         Case{"notin notin (in)", {{"notin", "in"}}, false}));

TEST(KubernetesParser, RefusesTheSame) {
  for (const std::string_view text :
       {"x=a||y=b",      "x==a==b",    "!x=a",      "x<a",       "x>1.0",    "x,,y", ",x", "x,",
        "x nott in (y)", "x in (a b)", "x in (y),", "x in (y)z", "x notin(", "x (",  "(",  "()",
        "x in",          "x in y",     "=",         "!",         "x!",       "x !y", "x y"}) {
    EXPECT_FALSE(Selector::parse(text)) << text;
  }
}

TEST(KubernetesParser, SaysOfPrefixedKeysThatThereAreNone) {
  for (const std::string_view text : {"example.com/role=web", "a.b/c in (d)", "!a/b"}) {
    const auto selector = Selector::parse(text);
    ASSERT_FALSE(selector) << text;
    EXPECT_NE(selector.error().message().find("no key and no value of a tag contains"), std::string::npos)
        << selector.error().message();
  }
}

TEST(KubernetesParser, PrintsTheSame) {
  for (const std::string_view text :
       {"x in (abc,def),y!=jkl,z", "x notin (abc,def),y!=jkl,!z", "x>2,y<8,z"}) {
    EXPECT_EQ(Selector::parse(text)->text(), text);
  }
  EXPECT_EQ(Selector::parse("x=a,a=x")->text(), Selector::parse("a=x,x=a")->text());
}

}   // namespace
}   // namespace usertags
