// An outbox: tells another system, a database, of every change, exactly once. The messages and the position up to which
// they were told are one transaction there; so this may be killed at any moment, and goes on where it was.
//
//   outbox STORE DATABASE     runs beside the process that writes, until it is killed, or something fails: start it again
//
// Somebody else works off table `message`, in the order of numbers. At `anew` he drops whom he knows, and is told of all
// users again. Of `patched`, table `message_tag` has the tags that changed; one without a value was removed.
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include <sqlite3.h>

#include <usertags/user_tag_store.hpp>

using namespace usertags;

// The other system. What goes wrong there is thrown; a transaction that was begun is taken back.
class Outbox {
 public:
  explicit Outbox(const char* path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open(path, &opened);
    database_.reset(opened);
    check(code == SQLITE_OK);
    sqlite3_busy_timeout(opened, 5'000);
    run("CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, user TEXT)");
    run("CREATE TABLE IF NOT EXISTS message_tag (number INTEGER, key TEXT, value TEXT)");
    run("CREATE TABLE IF NOT EXISTS position (only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT)");
  }

  std::optional<Position> position() {
    const Statement query = prepare("SELECT text FROM position");
    if (!step(query)) return {};
    const auto parsed = Position::parse(reinterpret_cast<const char*>(sqlite3_column_text(query.get(), 0)));
    return parsed ? std::optional(*parsed) : std::nullopt;
  }

  // All that function() tells, and the position that it answers; or nothing.
  template <class Function>
  void transaction(Function function) {
    run("BEGIN IMMEDIATE");
    try {
      const Position told = function();
      run("INSERT OR REPLACE INTO position VALUES (1, ?)", told.text().view());
      run("COMMIT");
    } catch (...) {
      sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      throw;
    }
  }

  template <class Tags>
  void tell(std::string_view kind, std::string_view user, const Tags& tags) {
    run("INSERT INTO message (kind, user) VALUES (?, ?)", kind, user);
    for (const auto& tag : tags) {
      run("INSERT INTO message_tag VALUES ((SELECT max(number) FROM message), ?, ?)", tag.key, tag.value);
    }
  }

 private:
  struct Closes {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Closes>;

  void check(bool is_well) const {
    if (!is_well) throw std::runtime_error(sqlite3_errmsg(database_.get()));
  }

  template <class... Texts>
  Statement prepare(const char* sql, const Texts&... texts) {
    sqlite3_stmt* prepared = nullptr;
    check(sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr) == SQLITE_OK);
    Statement statement(prepared);
    int at = 0;
    [[maybe_unused]] const auto bind = [&](std::optional<std::string_view> text) {
      ++at;   // what is not bound is NULL
      if (!text) return;
      const auto size = static_cast<int>(text->size());
      check(sqlite3_bind_text(prepared, at, text->data(), size, SQLITE_TRANSIENT) == SQLITE_OK);
    };
    (bind(texts), ...);
    return statement;
  }

  bool step(const Statement& statement) const {
    const int code = sqlite3_step(statement.get());
    check(code == SQLITE_ROW || code == SQLITE_DONE);
    return code == SQLITE_ROW;
  }

  template <class... Texts>
  void run(const char* sql, const Texts&... texts) {
    step(prepare(sql, texts...));
  }

  std::unique_ptr<sqlite3, Closes> database_;
};

template <class T>
void must(const Result<T>& result) {
  if (!result) throw std::runtime_error(result.error().message());
}

// What a read-only store shows is of one moment, until it is refreshed: these users belong to this position.
void begin_anew(UserTagStore& store, Outbox& outbox) {
  must(store.refresh());
  outbox.transaction([&] {
    outbox.tell("anew", "", std::span<const Tag>());
    must(store.for_each({}, [&](const User& user) { outbox.tell("is", user.external_id(), user.tags()); }));
    return store.position();
  });
}

// Whether what was told may be of a past that the store no longer has: it was pruned, or a copy was put in place. An
// unclean end of the writer looks like that, too.
bool is_lost(const Result<ChangePage>& page) {
  if (page) return page->epoch_changed;
  return page.error() == ErrorCode::history_pruned || page.error() == ErrorCode::future_revision;
}

void follow(UserTagStore& store, Outbox& outbox) {
  for (;;) {
    const auto position = outbox.position();
    if (!position) {
      begin_anew(store, outbox);
      continue;
    }
    const auto page = store.changes(*position);
    if (is_lost(page)) {
      begin_anew(store, outbox);
      continue;
    }
    must(page);
    if (page->changes.empty()) {
      std::cout << "told up to " << position->revision() << std::endl;
      std::ignore = store.wait_for_changes(*position, std::chrono::minutes(1));
    } else {
      outbox.transaction([&] {
        for (const Change& change : page->changes) {
          outbox.tell(to_string(change.kind), change.external_id, change.tags);
        }
        return page->next;
      });
    }
  }
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    auto store = UserTagStore::open(arguments[1], {.access = Access::read_only});
    must(store);
    Outbox outbox(arguments[2]);
    follow(*store, outbox);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
