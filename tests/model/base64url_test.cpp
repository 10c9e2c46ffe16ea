#include "model/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace usertags::model {
namespace {

// RFC 4648, section 10, without the padding.
TEST(Base64Url, KnowsTheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64url(bytes), text);
    EXPECT_EQ(from_base64url(text), bytes);
  }
}

TEST(Base64Url, IsSafeInUrlsAndShells) {
  EXPECT_EQ(to_base64url("\xFB\xEF\xFF"), "--__");
  EXPECT_EQ(from_base64url("--__"), "\xFB\xEF\xFF");
}

TEST(Base64Url, RefusesOtherCharacters) {
  for (const char* text : {"+/==", "Zg==", "Z g", "Zm9v\n", "\xC3\xA4"})
    EXPECT_FALSE(from_base64url(text)) << text;
}

}   // namespace
}   // namespace usertags::model
