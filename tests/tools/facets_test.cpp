// keys and values.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pages.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Facets : public testing::Test {
 protected:
  void SetUp() override {
    const std::string people =
        "external_id,tier,team\n"
        "u1,gold,\nu2,gold,red\nu3,silver,\nu4,gold,red\nu5,,a b\nu6,gilt,\n";
    ASSERT_EQ(run({"load", store_, write_file(folder_ / "people.csv", people), "--init"}).exit_code, 0);
    ASSERT_EQ(run({"apply", store_, "u5", "--set", "tier="}).exit_code, 0);
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

TEST_F(Facets, KeysAreBarsOrObjects) {
  const Finished bars = run({"keys", store_});
  EXPECT_EQ(bars.exit_code, 0) << bars.err;
  EXPECT_EQ(bars.out,
            "team  3  ████████████████████\n"
            "tier  6  ████████████████████████████████████████\n");
  EXPECT_EQ(run({"keys", store_, "--json"}).out,
            "{\"key\":\"team\",\"users\":3}\n{\"key\":\"tier\",\"users\":6}\n");
  EXPECT_EQ(run({"keys", store_, "--json", "--prefix", "ti"}).out, "{\"key\":\"tier\",\"users\":6}\n");
  EXPECT_EQ(run({"keys", store_, "--prefix", "x"}).out, "");
}

TEST_F(Facets, ValuesAreBarsOrObjects) {
  EXPECT_EQ(run({"values", store_, "tier", "--json"}).out,
            "{\"value\":\"\",\"users\":1}\n{\"value\":\"gilt\",\"users\":1}\n"
            "{\"value\":\"gold\",\"users\":3}\n{\"value\":\"silver\",\"users\":1}\n");
  const auto lines = lines_of(run({"values", store_, "tier"}).out);
  EXPECT_EQ(lines.at(0).substr(0, 9), "\"\"      1");
  EXPECT_EQ(lines.at(2).substr(0, 9), "gold    3");
  EXPECT_EQ(run({"values", store_, "tier", "--json", "--prefix", "g"}).out,
            "{\"value\":\"gilt\",\"users\":1}\n{\"value\":\"gold\",\"users\":3}\n");
  EXPECT_EQ(run({"values", store_, "nobody has it"}).out, "");
}

TEST_F(Facets, TopValuesComeByTheirUsers) {
  EXPECT_EQ(run({"values", store_, "tier", "--top", "2", "--json"}).out,
            "{\"value\":\"gold\",\"users\":3}\n{\"value\":\"\",\"users\":1}\n");
  EXPECT_EQ(run({"values", store_, "tier", "--top", "0"}).exit_code, 2);
  EXPECT_EQ(run({"values", store_, "tier", "--top", "2", "--limit", "2"}).exit_code, 2);
}

TEST_F(Facets, GoOnAtTheCursor) {
  const std::vector<std::string> ask = {"values", store_, "tier", "--limit", "3", "--json"};
  const auto values = texts_of_pages(ask, ask, "value", 7);
  EXPECT_EQ(values, (std::vector<std::string>{"", "gilt", "gold", "silver"}));

  const Finished first = run({"keys", store_, "--limit", "1"});
  EXPECT_EQ(lines_of(first.out).size(), 1u);
  EXPECT_EQ(first.err.substr(0, 18), "more with --after ");
  EXPECT_EQ(run({"keys", store_, "--limit", "2"}).err, "");
}

TEST_F(Facets, RefusesCursorsOfSomethingElseAndKeysThatNoTagHas) {
  const auto end = boost::json::parse(run({"keys", store_, "--limit", "1", "--json"}).err);
  const Finished other = run({"values", store_, "tier", "--json", "--after", text_at(end, "next")});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(other.err), "error.code"), "invalid_cursor");
  const Finished key = run({"values", store_, "a/b", "--json"});
  EXPECT_EQ(key.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(key.err), "error.code"), "invalid_argument");
}

TEST_F(Facets, CannotMoveTheTerminal) {
  ASSERT_EQ(run({"apply", store_, "u1", "--set", "\x1b[31mkey=\x1b[2Jvalue"}).exit_code, 0);
  EXPECT_EQ(run({"keys", store_}).out.find('\x1b'), std::string::npos);
  EXPECT_NE(run({"values", store_, "\x1b[31mkey"}).out.find("\\x1b[2Jvalue  1"), std::string::npos);
}

TEST_F(Facets, GoThroughAllPages) {
  std::string lines;
  for (int i = 0; i < 2'500; ++i) {
    const std::string name = "u" + std::to_string(i);
    lines +=
        "{\"external_id\":\"n" + name + "\",\"tags\":[{\"key\":\"serial\",\"value\":\"" + name + "\"}]}\n";
  }
  ASSERT_EQ(run({"load", store_, "-", "--format", "jsonl"}, lines).exit_code, 0);
  EXPECT_EQ(objects_of(run({"values", store_, "serial", "--json"}).out).size(), 2'500u);
  EXPECT_EQ(objects_of(run({"values", store_, "serial", "--json", "--limit", "1234"}).out).size(), 1'234u);
}

}   // namespace
}   // namespace usertags::test
