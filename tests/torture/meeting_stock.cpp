// A stock sqlite3 beside the store.
#include "torture/meeting.hpp"

namespace usertags::torture::meeting {
namespace {

void a_stock_connection_writes(Scene& scene) {
  Other other([&](const Reporter&) {
    StockSqlite stock(scene.path);
    stock.run("UPDATE user SET tags = json_set(tags, '$.foreign', 'yes') WHERE external_id = 'bystander'");
  });
  std::uint64_t before = 0;
  {
    auto store = scene.open();
    must(store.create_user("bystander"));
    must(store.apply("bystander", TagBatch().set("n", "1")));
    must(store.maintain(kLong));
    before = store.revision();
    other.act();
    expect(store.apply("bystander", TagBatch().set("n", "2")), ErrorCode::foreign_write,
           "a write behind a stranger's");
    expect(store.create_user("late"), ErrorCode::foreign_write, "a later write");
    require(store.revision() == before && test::value_of(store, "bystander", "foreign") == "(absent)",
            "reads show a foreign write");
  }
  expect(UserTagStore::open(scene.path, scene.options()), ErrorCode::foreign_write,
         "open after a foreign write");
  const Adoption adoption = must(UserTagStore::adopt(scene.path), "adopt");
  require(adoption.adopted && adoption.proved, "the foreign write was not adopted");
  const auto store = scene.open();
  require(test::value_of(store, "bystander", "foreign") == "yes", "the adopted tag is not there");
  require(must(store.verify()).ok(), "an adopted file is not sound");
}

void a_stock_reader_never_ends(Scene& scene) {
  Other other([&](const Reporter& parent) {
    StockSqlite stock(scene.path, SQLITE_OPEN_READONLY);
    stock.query("BEGIN; SELECT count(*) FROM user");
    parent.tell("reading");
    pause();
  });
  Options options = scene.impatient();
  options.housekeeping.max_wal_bytes = 400'000 + scene.dice(400'000);
  auto store = must(UserTagStore::open(scene.path, options));
  count(store, 1 + scene.dice(20));
  Child& reader = other.begin();
  require(reader.read_line() == "reading", "the reader does not read");
  std::uint64_t last = count_of(store);
  Result<Applied> answer = std::unexpected(ErrorCode::busy);
  while ((answer = count_on(store, last + 1))) require(++last < 1'000'000, "the WAL has no limit");
  expect(answer, ErrorCode::busy, "a write beside a reader that never ends");
  require(store.stats().wal_pinned, "stats do not tell that the WAL is pinned");
  constexpr std::uint64_t kGroup = 100'000;   // of one write, with what is folded beside it
  require(size_of(scene.beside("-wal")) <= options.housekeeping.max_wal_bytes + kGroup,
          "the WAL is beyond its limit");
  expect(store.checkpoint(), ErrorCode::busy, "a checkpoint beside a reader");
  reader.kill();
  count(store, 10);
  must(store.checkpoint());
  require(size_of(scene.beside("-wal")) == 0, "the WAL does not shrink");
  require(!store.stats().wal_pinned, "the WAL is still said to be pinned");
  expect_counted(store, last + 10);
}

// A checkpoint that starts the WAL anew cannot be told from a commit: the store may answer foreign_write, once, and has
// lost nothing. One that only moves pages is not noticed.
void a_stock_connection_checkpoints(Scene& scene) {
  const bool passive = scene.dice(2) == 0;
  std::vector<std::unique_ptr<Other>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::make_unique<Other>([&](const Reporter&) {
      StockSqlite stock(scene.path);
      stock.run(passive ? "PRAGMA wal_checkpoint" : "PRAGMA wal_checkpoint(TRUNCATE)");
    }));
  }
  std::optional<UserTagStore> store(scene.open());
  for (const auto& other : others) {
    count(*store, 1 + scene.dice(50));
    const std::uint64_t last = count_of(*store);
    other->act();
    const auto answer = count_on(*store, last + 1);
    if (answer) continue;
    require(!passive, "a write behind a stock checkpoint answers " + told(answer));
    expect(answer, ErrorCode::foreign_write, "a write behind a stock checkpoint");
    store.reset();
    store.emplace(scene.open());
    expect_counted(*store, last);
  }
  count(*store, 5);
  const std::uint64_t last = count_of(*store);
  expect_counted(*store, last);
  store.reset();
  expect_counted(scene.open(), last);
}

void a_stock_connection_looks(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  std::uint64_t last = read_until(writer, 1);
  {
    StockSqlite stock(scene.path, SQLITE_OPEN_READONLY);
    for (int i = 0; i < 20; ++i) {
      last = std::max(last, read_number(writer));
      const auto rows = stock.query("SELECT value FROM user_tag WHERE external_id = 'counter' AND key = 'n'");
      require(rows.size() == 1 && std::stoull(rows[0][0]) >= last,
              "the views are behind what was acknowledged");
    }
  }
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

constexpr NamedScene kScenes[] = {
    {"a stock writer", a_stock_connection_writes},
    {"a stock reader that never ends", a_stock_reader_never_ends},
    {"a stock checkpoint", a_stock_connection_checkpoints},
    {"a stock reader", a_stock_connection_looks},
};

}   // namespace

std::span<const NamedScene> scenes_of_stock() {
  return kScenes;
}

}   // namespace usertags::torture::meeting
