// Keeps those who match a selector in another system, exactly: a file, in which they and the position up to which that
// is true are saved as one. A table of a database, in one transaction, serves as well.
//
//   audience STORE SELECTOR FILE     whenever the file is to be as the store is
//
// Texts of the file end with NUL, which no external id has: the selector, the position, and then the audience.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <usertags/user_tag_store.hpp>

using namespace usertags;

class Audience {
 public:
  Audience(Selector selector, std::filesystem::path file)
      : selector_(std::move(selector)), file_(std::move(file)) {
    std::ifstream in(file_, std::ios::binary);
    std::string text;
    std::getline(in, text, '\0');
    if (text != selector_.text()) return;   // of another selector, or of none: it begins anew
    std::getline(in, text, '\0');
    if (const auto position = Position::parse(text)) since_ = *position;
    while (std::getline(in, text, '\0')) members_.insert(text);
  }

  // The store is open read-only: what that shows is of one moment, until it is refreshed.
  Result<void> follow(const UserTagStore& store) {
    auto reached = since_ ? store.membership_changes(selector_, *since_,
                                                     [&](const MembershipChange& change) { take(change); })
                          : begin_anew(store);
    if (!reached && reached.error() == ErrorCode::history_pruned) reached = begin_anew(store);
    if (!reached) return std::unexpected(reached.error());
    save(*reached);
    since_ = *reached;
    return {};
  }

 private:
  void take(const MembershipChange& change) {
    if (change.kind == MembershipChange::Kind::entered) members_.insert(change.external_id);
    if (change.kind == MembershipChange::Kind::left) members_.erase(change.external_id);
  }

  Result<Position> begin_anew(const UserTagStore& store) {
    members_.clear();
    const auto visited =
        store.for_each(selector_, [&](const User& user) { members_.emplace(user.external_id()); });
    if (!visited) return std::unexpected(visited.error());
    return store.position();
  }

  void save(const Position& position) const {
    const std::filesystem::path file = file_.string() + ".new";
    std::ofstream out(file, std::ios::binary);
    out.exceptions(std::ios::failbit | std::ios::badbit);
    out << selector_.text() << '\0' << position.text().view() << '\0';
    for (const std::string& member : members_) out << member << '\0';
    out.close();
    std::filesystem::rename(file, file_);   // both, or neither
  }

  const Selector selector_;
  const std::filesystem::path file_;
  std::optional<Position> since_;   // none: nothing is kept yet
  std::set<std::string> members_;
};

int main(int count, char** arguments) {
  if (count != 4) return 2;
  const auto selector = Selector::parse(arguments[2]);
  const auto store = UserTagStore::open(arguments[1], {.access = Access::read_only});
  auto done = !selector ? std::unexpected(selector.error())
              : !store  ? std::unexpected(store.error())
                        : Result<void>();
  if (done) done = Audience(*selector, arguments[3]).follow(*store);
  if (!done) std::cerr << done.error().message() << '\n';
  return done ? 0 : 1;
}
