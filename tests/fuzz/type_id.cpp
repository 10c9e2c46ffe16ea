// TypeIDs: what is read is written again to the letter, the form of a user's id is the reference's, and each
// id is above the one before.
#include <algorithm>
#include <cstring>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "model/typeid.hpp"

namespace usertags::fuzz {
namespace {

void expect_read(std::string_view input) {
  if (const auto id = model::parse_typeid(input))
    test::expect(model::format_typeid(id->prefix, id->uuid) == input, "a TypeID written again",
                 std::string(input), model::format_typeid(id->prefix, id->uuid));
  const auto uuid = model::parse_user_id(input);
  expect_flag("the form of an id", test::has_form_of_id(input), uuid.has_value());
  if (!uuid) return;
  std::string text(model::kUserIdBytes, '\0');
  model::write_user_id(*uuid, text.data());
  test::expect(text == input, "an id written again", std::string(input), text);
}

template <class Number>
Number take_number(std::string_view& input) {
  Number number{};
  std::memcpy(&number, input.data(), std::min(sizeof number, input.size()));
  input.remove_prefix(std::min(sizeof number, input.size()));
  return number;
}

void expect_next(std::string_view input) {
  model::Uuid last{};
  std::copy_n(input.begin(), std::min(input.size(), last.size()), last.begin());
  input.remove_prefix(std::min(input.size(), last.size()));
  const auto now_ms = take_number<std::int64_t>(input);
  const auto random = take_number<std::uint64_t>(input);
  const auto slot = static_cast<std::uint16_t>(random % model::kSlots);
  const model::Uuid next = model::next_user_uuid(last, now_ms, random, slot);
  test::expect(model::slot_of(next) == slot, "the next id", "of its slot",
               model::format_typeid("user", next));
  constexpr std::uint64_t kLastOfAll = 0xFFFF'FFFF'FFFF'7FFF;
  if (model::uuid_order(last) < kLastOfAll)
    test::expect(model::uuid_order(next) > model::uuid_order(last) && next > last, "the next id",
                 "above the last", model::format_typeid("user", next));
  test::expect((next[6] & 0xF0) == 0x70 && (next[8] & 0xC0) == 0x80, "the next id", "a UUIDv7",
               model::format_typeid("user", next));
  expect_read(model::format_typeid(model::kUserIdPrefix, next));
}

void examine(std::string_view input) {
  expect_read(input);
  expect_next(input);
}

}   // namespace

const Target type_id{.name = "type_id",
                     .what = "TypeIDs are written again to the letter, and each id is above the one before",
                     .examine = examine};

}   // namespace usertags::fuzz
