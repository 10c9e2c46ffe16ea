#include "utf8.hpp"

#include <boost/locale/utf.hpp>

namespace usertags::command {

namespace utf = boost::locale::utf;

std::optional<CodePoint> first_code_point(std::string_view text) {
  const char* next = text.data();
  const utf::code_point value = utf::utf_traits<char>::decode(next, text.data() + text.size());
  if (value == utf::illegal || value == utf::incomplete) return {};
  return CodePoint{value, static_cast<std::size_t>(next - text.data())};
}

}   // namespace usertags::command
