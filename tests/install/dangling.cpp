// Views of temporaries that Clang has to warn of (-Wdangling), one for each number; 0 is right.
#include <string>
#include <string_view>

#include <usertags/user_tag_store.hpp>

using namespace usertags;

std::string text();
User user();
Error error();
TagBatch batch();
Cursor cursor();

std::string_view view(const UserTagStore& store) {
#if DANGLING == 0
  const User ann = user();
  const std::string_view name = ann.external_id();
  const std::string_view tier = ann.tag("tier").value_or("none");   // lives as long as ann
  const UserRef literal = "ann";
  const PositionText position = store.position().text();
  static_cast<void>(store.find(text()));
  static_cast<void>(store.find_each({text(), UserRef::id(text())}));
  static_cast<void>(tier);
  static_cast<void>(literal);
  return position.view().empty() ? "" : name.substr(0, 0);
#elif DANGLING == 1
  const std::string_view name = user().external_id();
#elif DANGLING == 2
  const UserRef name = text();
#elif DANGLING == 3
  const auto name = error().violations();
#elif DANGLING == 4
  const std::string_view name = error().existing_id();
#elif DANGLING == 5
  const auto& name = error().details();
#elif DANGLING == 6
  const std::string_view name = store.position().text();
#elif DANGLING == 7
  const auto name = batch().operations();
#elif DANGLING == 8
  const std::string& name = cursor().text();
#elif DANGLING == 9
  const TagValue name = static_cast<const std::string&>(text());
#else
#error "the last one"
#endif
#if DANGLING != 0
  static_cast<void>(name);
  return "";
#endif
}
