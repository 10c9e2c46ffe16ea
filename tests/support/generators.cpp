#include "support/generators.hpp"

#include <ostream>
#include <utility>

#include "support/describe.hpp"

namespace usertags::test {
namespace {

using std::string;
using namespace std::string_literals;

string repeated(const string& text, std::size_t count) {
  string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

const string kTwoBytes = "\xC3\xA9";            // é
const string kThreeBytes = "\xE6\x97\xA5";      // 日
const string kFourBytes = "\xF0\x9D\x84\x9E";   // 𝄞, two units of UTF-16

// Each breaks a rule of its own.
rc::Gen<string> malformed_text() {
  return rc::gen::element("\x80"s, "\xC3"s, "\xC0\x80"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s,
                          "\xED\xBF\xBF"s, "\xE2\x82"s, "\xF0\x8F\xBF\xBF"s, "\xF0\x9D\x84"s,
                          "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "tier\xE6"s, "\xC3(tier"s);
}

rc::Gen<string> broken_text() {
  return rc::gen::oneOf(malformed_text(),
                        rc::gen::element("a#b"s, "a/b"s, ":"s, "\0"s, "tier\0"s, "a\0b"s, "#\0"s));
}

// At a limit of so many characters, and one beyond it, in every length of a character.
rc::Gen<string> text_at_limit(std::size_t limit) {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element("k"s, kTwoBytes, kThreeBytes, kFourBytes),
                     rc::gen::element(limit, limit + 1), rc::gen::element(""s, "k"s, "/"s, "\0"s)),
      [](const auto& parts) {
        const auto& [character, count, tail] = parts;
        return repeated(character, count - tail.size()) + tail;
      });
}

// Sound, and awkward for JSON, SQL, patterns, or whoever takes bytes for characters.
rc::Gen<string> awkward_text() {
  return rc::gen::element("\""s, "\\"s, "a\"b\\c"s, "\n"s, "\r\n"s, "\t"s, "\x01"s, "\x1F"s, "\x7F"s, "'"s,
                          "null"s, " "s, "*"s, "\\u0041"s, "A"s, "\xEF\xBB\xBF"s, "\xEF\xBF\xBF"s,
                          "\xF4\x8F\xBF\xBF"s, "\xED\x9F\xBF"s, "e\xCC\x81"s, kTwoBytes, kThreeBytes,
                          kFourBytes);
}

rc::Gen<string> any_note() {
  return rc::gen::weightedOneOf<string>({{30, rc::gen::element(""s, "by hand"s, "a \"note\"\n"s)},
                                         {1, text_at_limit(200)},
                                         {1, malformed_text()},
                                         {1, rc::gen::just("\0"s)}});
}

rc::Gen<string> any_token() {
  return rc::gen::weightedOneOf<string>(
      {{30, rc::gen::just(""s)},
       {8, rc::gen::element("t1"s, "t2"s, "t3"s, "t4"s, "t5"s, "\0\xFF#"s, repeated("t", 128))},
       {1, rc::gen::just(repeated("t", 129))}});
}

rc::Gen<ApplyOptions> any_options() {
  return rc::gen::map(rc::gen::pair(any_note(), any_token()), [](auto parts) {
    return ApplyOptions{.token = std::move(parts.second), .note = std::move(parts.first)};
  });
}

rc::Gen<Operation> any_operation() {
  const auto kind = rc::gen::weightedElement<OperationKind>({{2, OperationKind::create},
                                                             {2, OperationKind::update},
                                                             {4, OperationKind::set},
                                                             {3, OperationKind::erase}});
  const auto expected = rc::gen::weightedOneOf<std::optional<string>>(
      {{4, rc::gen::just(std::optional<string>())},
       {1, rc::gen::map(any_value(), [](string value) { return std::optional(std::move(value)); })}});
  return rc::gen::map(
      rc::gen::tuple(kind, any_key(), any_value(), expected, rc::gen::inRange(0, 4)), [](auto parts) {
        auto& [operation, key, value, expected_value, dice] = parts;
        return Operation{operation, dice == 0, std::move(key), std::move(value), std::move(expected_value)};
      });
}

TagBatch to_batch(const std::vector<Operation>& operations) {
  TagBatch batch;
  for (const Operation& op : operations) {
    switch (op.kind) {
      case OperationKind::create: batch.create(op.key, op.value); break;
      case OperationKind::update: batch.update(op.key, op.value, {op.expected_value}); break;
      case OperationKind::set: batch.set(op.key, op.value, {op.expected_value}); break;
      case OperationKind::erase: batch.erase(op.key, {op.must_exist, op.expected_value}); break;
    }
  }
  return batch;
}

rc::Gen<TagList> any_tags() {
  return rc::gen::map(up_to(6, rc::gen::pair(any_key(), any_value())),
                      [](const auto& pairs) { return TagList(pairs); });
}

rc::Gen<Guess> any_guess() {
  return rc::gen::weightedElement<Guess>({{6, Guess::none}, {2, Guess::right}, {1, Guess::wrong}});
}

rc::Gen<Write> any_creation() {
  return rc::gen::map(rc::gen::tuple(any_external_id(), any_tags(), any_options()), [](auto parts) {
    auto& [external_id, tags, options] = parts;
    return Write(CreateUser{std::move(external_id), std::move(tags), std::move(options)});
  });
}

rc::Gen<Write> any_ensuring() {
  return rc::gen::map(any_creation(), [](Write write) {
    auto& creation = std::get<CreateUser>(write);
    return Write(EnsureUser{std::move(creation.external_id), std::move(creation.tags), creation.options});
  });
}

rc::Gen<Write> any_patch_write() {
  return rc::gen::map(rc::gen::tuple(any_user(), any_batch(), any_options()), [](auto parts) {
    auto& [user, batch, options] = parts;
    return Write(PatchUser{std::move(user), std::move(batch), std::move(options)});
  });
}

rc::Gen<Write> any_deletion() {
  return rc::gen::map(rc::gen::tuple(any_user(), any_options()), [](auto parts) {
    auto& [user, options] = parts;
    return Write(DeleteUser{std::move(user), std::move(options)});
  });
}

rc::Gen<WriteIntent> intended(const rc::Gen<Write>& write) {
  return rc::gen::map(rc::gen::pair(write, any_guess()), [](auto parts) {
    // A creation cannot expect a revision; mostly it does not try.
    const bool creates =
        std::holds_alternative<CreateUser>(parts.first) || std::holds_alternative<EnsureUser>(parts.first);
    const Guess guess = creates && parts.second == Guess::right ? Guess::none : parts.second;
    return WriteIntent{std::move(parts.first), guess};
  });
}

}   // namespace

rc::Gen<string> any_key() {
  return rc::gen::weightedOneOf<string>({{40, rc::gen::element("tier"s, "team"s, "seats"s, "a"s, "b"s)},
                                         {4, awkward_text()},
                                         {1, text_at_limit(50)},
                                         {1, broken_text()},
                                         {1, rc::gen::just(""s)}});
}

rc::Gen<string> any_value() {
  return rc::gen::weightedOneOf<string>({{40, rc::gen::element("gold"s, "trial"s, ""s)},
                                         {4, awkward_text()},
                                         {1, text_at_limit(200)},
                                         {1, broken_text()}});
}

rc::Gen<string> any_external_id() {
  return rc::gen::weightedOneOf<string>(
      {{40, rc::gen::element("ann"s, "bob"s, "cid"s, "dot"s, "eve"s)},
       {4, rc::gen::element("a#b/c:d"s, "user_"s, "user_8zzzzzzzzzzzzzzzzzzzzzzzzz"s,
                            "user_01H455VB4PEX5VSKNK084SN02Q"s, repeated(kFourBytes, 255))},
       {3, awkward_text()},
       {1, rc::gen::element(""s, "a\0b"s, repeated(kTwoBytes, 256), "user_01h455vb4pex5vsknk084sn02q"s,
                            "user_7zzzzzzzzzzzzzzzzzzzzzzzzz"s)},
       {1, malformed_text()}});
}

rc::Gen<string> any_user() {
  const auto by_id = rc::gen::map(rc::gen::inRange(0, 12), [](int n) { return "@" + std::to_string(n); });
  return rc::gen::weightedOneOf<string>({{3, any_external_id()}, {2, by_id}});
}

rc::Gen<TagBatch> any_batch() {
  return rc::gen::map(up_to(8, any_operation()), to_batch);
}

rc::Gen<WriteIntent> any_write() {
  return intended(rc::gen::weightedOneOf<Write>(
      {{3, any_creation()}, {1, any_ensuring()}, {8, any_patch_write()}, {1, any_deletion()}}));
}

rc::Gen<WriteIntent> any_patch() {
  return intended(any_patch_write());
}

std::string resolve(const std::string& user, const ReferenceStore& reference) {
  if (!user.starts_with('@')) return user;
  const std::size_t ordinal = std::stoul(user.substr(1));
  constexpr const char* kUnknown = "user_01h455vb4pex5vsknk084sn02q";
  return ordinal < reference.ids().size() ? reference.id(ordinal) : kUnknown;
}

Write resolve(const WriteIntent& intent, const ReferenceStore& reference) {
  Write write = intent.write;
  std::uint64_t revision = 0;
  if (auto* patch = std::get_if<PatchUser>(&write)) patch->user = resolve(patch->user, reference);
  if (auto* deletion = std::get_if<DeleteUser>(&write)) deletion->user = resolve(deletion->user, reference);
  std::visit(
      [&](auto& call) {
        if constexpr (requires { call.user; }) {
          if (const ReferenceUser* user = reference.find(call.user)) revision = user->revision;
        }
        if (intent.guess == Guess::right) call.options.expected_revision = revision;
        if (intent.guess == Guess::wrong) call.options.expected_revision = revision + 1;
      },
      write);
  return write;
}

void showValue(const TagBatch& batch, std::ostream& out) {
  out << describe(batch);
}

}   // namespace usertags::test
