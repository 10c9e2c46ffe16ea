#include <fmt/format.h>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <usertags/cluster/directory.hpp>
#include <usertags/restorer.hpp>

#include "commands/cluster/cluster_options.hpp"
#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"
#include "terminal/console.hpp"
#include "terminal/progress.hpp"

namespace usertags::command {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBetweenLooks = 1'000;   // users

// The stores of all shards, until they are in place: all of them, or none.
class Parts {
 public:
  Parts(const fs::path& folder, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      parts_.push_back({folder / fmt::format("shard-{}.db", i), std::nullopt, 0});
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() {
    std::error_code ignored;
    for (std::size_t i = 0; i < finished_; ++i) fs::remove(parts_[i].file, ignored);
  }

  Result<void> begin(const StoreInfo& info) {
    const RestoredStore store{.revision = info.revision, .last_id = info.last_id, .settings = info.settings};
    for (Part& part : parts_) {
      auto restorer = Restorer::begin(part.file, store);
      if (!restorer) return std::unexpected(restorer.error());
      part.restorer.emplace(*std::move(restorer));
    }
    return {};
  }

  Result<void> add(const User& user) {
    const UserId id = user.id();
    Part& part = parts_[cluster::shard_of(UserRef::id(id.view()), parts_.size())];
    RestoredUser restored{
        .id = id, .external_id = std::string(user.external_id()), .revision = user.revision()};
    for (const auto& [key, value] : user.tags()) restored.tags.add(key, value);
    ++part.users;
    return part.restorer->add(restored);
  }

  Result<void> finish() {
    for (; finished_ < parts_.size(); ++finished_) {
      if (auto done = parts_[finished_].restorer->finish(); !done) return done;
    }
    finished_ = 0;   // they stay
    return {};
  }

  struct Part {
    fs::path file;
    std::optional<Restorer> restorer;
    std::uint64_t users;
  };
  const std::vector<Part>& all() const noexcept { return parts_; }

 private:
  std::vector<Part> parts_;
  std::size_t finished_ = 0;   // while others are not
};

class ClusterSplitCommand final : public Command {
 public:
  ClusterSplitCommand()
      : Command(
            "cluster split", "Make of one store the stores of a cluster's shards",
            "FOLDER/shard-0.db, shard-1.db, … have the users of one shard each, with their ids, revisions and tags, and\n"
            "the store's settings. Tokens and the log stay behind, as with load --exact. The store is only read, of one\n"
            "moment. Each shard is founded of its file then: usertags cluster init --shards N --shard I.\n"
            "\n"
            "Examples:\n"
            "  usertags cluster split users.db --shards 4 --to parts\n"
            "  usertags cluster init --from parts/shard-0.db --shards 4 --shard 0 --cluster accounts \\\n"
            "    --etcd 10.0.0.1:2379") {}

  void declare(Arguments& arguments) override {
    arguments.option("--shards", "N", shards_, "How many shards, 1 to 1,024");
    arguments.option("--to", "FOLDER", to_, "Where the stores are made");
  }

  int run(Console& console) override {
    const std::uint64_t shards = shards_.value_or(0);
    if (shards == 0 || shards > cluster::Founding::kMaxShards)
      throw UsageError("--shards is required: 1 to 1,024");
    const auto store = open_to_inspect(store_path());
    if (!store) return console.error(store.error());
    Parts parts(required(to_, "--to"), shards);
    if (const auto split = fill(parts, *store); !split) return console.error(split.error());
    for (const Parts::Part& part : parts.all()) answer(part, console);
    return kDone;
  }

 private:
  static Result<void> fill(Parts& parts, const Inspector& store) {
    Progress progress("users");
    Result<void> going;
    std::uint64_t users = 0;
    StoreInfo moment;
    const auto begin = [&](const StoreInfo& info) {
      moment = info;
      going = parts.begin(info);
    };
    const auto all = store.for_each(begin, [&](const User& user) {
      if (going) going = parts.add(user);
      if (++users % kBetweenLooks == 0)
        progress.at(users, static_cast<double>(users) / static_cast<double>(moment.users_ever));
      return going.has_value();
    });
    if (!going) return going;
    if (!all) return std::unexpected(all.error());
    return parts.finish();
  }

  static void answer(const Parts::Part& part, Console& console) {
    Output& out = console.out();
    if (!console.json)
      return out.line(fmt::format("{}: {} users", printable(part.file.string()), part.users));
    JsonObject object(out.buffer());
    object.text("store", part.file.string());
    object.number("users", part.users);
    object.close();
    out.line_done();
  }

  std::optional<std::uint64_t> shards_;
  std::optional<std::string> to_;
};

}   // namespace

std::unique_ptr<Command> make_cluster_split() {
  return std::make_unique<ClusterSplitCommand>();
}

}   // namespace usertags::command
