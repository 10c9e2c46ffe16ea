#include "input/exact.hpp"

#include <fmt/format.h>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <limits>
#include <utility>

#include "exit_code.hpp"
#include "input/json_in.hpp"
#include "input/write_in.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

namespace json = boost::json;

constexpr std::uint64_t kForm = 1;
constexpr std::uint64_t kMostVersion = std::numeric_limits<std::int64_t>::max();

constexpr Shape kText{.text = true};
constexpr Shape kWhole{.whole = true};
constexpr Shape kSettings{.any_member = &kWhole};
constexpr std::array kHeaderMembers = {
    Member{"usertags_exact", &kWhole, true}, Member{"revision", &kWhole, true}, Member{"last_id", &kText},
    Member{"settings_version", &kWhole, true}, Member{"settings", &kSettings, true}};
constexpr Shape kHeader{.members = kHeaderMembers};
constexpr std::array kTrailerMembers = {Member{"users", &kWhole, true}, Member{"digest", &kText, true}};
constexpr Shape kTrailer{.members = kTrailerMembers};

std::unexpected<Error> refusal(std::string what) {
  return std::unexpected(Error(ErrorCode::invalid_argument, std::move(what)));
}

// Every setting once: one that is missing would be another than the store had.
Result<Settings> settings_of(const json::object& members) {
  Settings settings;
  for (const auto& [name, value] : members) {
    const std::uint64_t number = value.get_uint64();
    if (number > kMostVersion)
      return refusal(fmt::format("the setting {} is out of range", printable_word(name)));
    if (const auto set = set_named(settings, name, static_cast<std::int64_t>(number)); !set)
      return std::unexpected(set.error());
  }
  for (const NamedSetting& setting : named(settings)) {
    if (!members.contains(setting.name))
      return refusal(fmt::format("the setting {} is missing", setting.name));
  }
  return settings;
}

// The store would refuse it, too, and could not tell in which line.
bool has_form_of_id(std::string_view text) {
  constexpr std::string_view kPrefix = "user_";
  constexpr std::size_t kSuffix = 26;
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kSuffix) return false;
  text.remove_prefix(kPrefix.size());
  return text.front() <= '7' && text.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") == text.npos;
}

Result<RestoredStore> parse_header(std::string_view text) {
  const auto value = parse_json(text, kHeader);
  if (!value) {
    Error::Details details = value.error().details();
    details.what = "this is not the header of what dump --exact prints: " + details.what;
    return std::unexpected(Error(value.error().code(), std::move(details)));
  }
  const json::object& header = value->get_object();
  if (const std::uint64_t form = header.at("usertags_exact").get_uint64(); form != kForm)
    return refusal(fmt::format("this is form {} of an exact dump; this usertags reads form {}", form, kForm));
  const auto settings = settings_of(header.at("settings").get_object());
  if (!settings) return std::unexpected(settings.error());
  const std::uint64_t version = header.at("settings_version").get_uint64();
  if (version == 0 || version > kMostVersion) return refusal("settings_version is out of range");
  const json::value* last_id = header.if_contains("last_id");
  RestoredStore store;
  store.revision = header.at("revision").get_uint64();
  if (store.revision >= kMostVersion) return refusal("revision is out of range");
  if (last_id != nullptr) store.last_id = last_id->get_string();
  if (last_id != nullptr && !has_form_of_id(store.last_id))
    return refusal(fmt::format("last_id is {}, which is no id", printable_word(store.last_id)));
  static_cast<Settings&>(store.settings) = *settings;
  store.settings.version = version;
  return store;
}

}   // namespace

std::string exact_header(const StoreInfo& info) {
  std::string text;
  JsonObject object(text);
  object.number("usertags_exact", kForm);
  object.number("revision", info.revision);
  if (!info.last_id.empty()) object.text("last_id", info.last_id);
  object.number("settings_version", info.settings.version);
  JsonObject settings(object.name_of("settings"));
  for (const auto& [name, value] : named(info.settings)) settings.number(name, value);
  settings.close();
  object.close();
  return text;
}

std::string exact_trailer(std::uint64_t users, const std::string& digest) {
  std::string text;
  JsonObject object(text);
  object.number("users", users);
  object.text("digest", digest);
  object.close();
  return text;
}

Result<void> ExactLoader::take(std::string_view line) {
  if (!restorer_) return begin(line);
  if (!digest_.empty()) return refusal("there is more behind the last line, which has the digest");
  auto user = parse_whole_user(line);
  return user ? add(*user) : finish_lines(line, user.error());
}

Result<void> ExactLoader::begin(std::string_view line) {
  auto store = parse_header(line);
  if (!store) return std::unexpected(store.error());
  store_ = *std::move(store);
  auto restorer = Restorer::begin(path_, store_);
  if (!restorer) {
    is_of_store_ = true;
    return std::unexpected(restorer.error());
  }
  restorer_.emplace(*std::move(restorer));
  return {};
}

Result<void> ExactLoader::add(const RestoredUser& user) {
  auto added = restorer_->add(user);
  if (added) ++users_;
  return by_store(std::move(added));
}

// Of a line that is neither, what it lacks for a user is told, unless it begins as the trailer does.
Result<void> ExactLoader::finish_lines(std::string_view line, const Error& no_user) {
  const auto trailer = parse_json(line, kTrailer);
  if (!trailer) return std::unexpected(line.starts_with(R"({"users")") ? trailer.error() : no_user);
  const std::uint64_t users = trailer->get_object().at("users").get_uint64();
  if (users != users_)
    return refusal(fmt::format("there are {} users before this line, not {}", users_, users));
  digest_ = trailer->get_object().at("digest").get_string();
  if (digest_.empty()) return refusal("the digest is empty");
  return {};
}

Result<void> ExactLoader::end() {
  if (digest_.empty())
    return refusal(restorer_ ? "the last line, which has the digest, is missing: the dump was cut short"
                             : "there is no line: this is not what dump --exact prints");
  return by_store(restorer_->finish(digest_));
}

// What is wrong with a user is wrong with its line.
Result<void> ExactLoader::by_store(Result<void> answer) {
  is_of_store_ = !answer && exit_code_of_line(answer.error().code()) != kRefused;
  return answer;
}

}   // namespace usertags::command
