// A service of many threads around one store: workers that write and answer questions, a consumer of the feed that goes
// on where it was, a backup every hour while all of that runs, and an end in good order on SIGTERM.
//
//   service FOLDER PORT     keeps users.db in FOLDER, and backups in FOLDER/backups; 0: any free port, which it tells
//
// A client sends one line a connection, and is answered:
//   set REQUEST USER KEY=VALUE …   one batch, once: a client that heard nothing sends the same REQUEST again
//   count SELECTOR                 how many users match
//   who SELECTOR                   which ones, by external id, a line each; the first 10,000
//   metrics                        for Prometheus
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

using namespace usertags;
using namespace std::chrono_literals;

// --- Requests. ---

// A worker has an answer in time, or says that it has none. (A disk that hangs is waited for.)
auto soon() {
  return std::chrono::steady_clock::now() + 5s;
}

std::string set(UserTagStore& store, std::istream& words) {
  std::string request;
  std::string user;
  TagBatch batch;
  words >> request >> user;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return "no KEY=VALUE: " + word;
    batch.set(word.substr(0, equals), word.substr(equals + 1));
  }
  auto done = store.ensure_user(user, {}, {.deadline = soon()});
  if (done) done = store.apply(user, batch, {.token = request, .note = "service", .deadline = soon()});
  return done ? "ok " + std::to_string(done->revision) : done.error().message();
}

std::string answer(UserTagStore& store, const std::string& line) {
  std::istringstream words(line);
  std::string what;
  std::string selector;
  words >> what >> std::ws;
  if (what == "set") return set(store, words);
  std::getline(words, selector);
  if (what == "count") {
    const auto found = store.count(selector, {.deadline = soon()});
    return found ? std::to_string(found->count) : found.error().message();
  }
  if (what == "who") {
    const auto page = store.select(selector, {.limit = 10'000, .deadline = soon()});
    if (!page) return page.error().message();
    std::string names;
    for (const User& user : page->users) names.append(user.external_id()) += '\n';
    return names;
  }
  if (what == "metrics") {
    auto text = store.metrics_text();
    return text ? *std::move(text) : text.error().message();
  }
  return "set, count, who, or metrics?";
}

// Each worker takes the next connection. shutdown() of the listener ends them all, after what they are at.
void work(UserTagStore& store, int listener) {
  for (int client; (client = accept(listener, nullptr, nullptr)) >= 0; close(client)) {
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string line;
    std::array<char, 4096> buffer;
    for (ssize_t got; line.find('\n') == std::string::npos && line.size() < 65'536 &&
                      (got = recv(client, buffer.data(), buffer.size(), 0)) > 0;) {
      line.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (const auto end = line.find('\n'); end != std::string::npos) {
      const std::string said = answer(store, line.substr(0, end)) + '\n';
      std::ignore = send(client, said.data(), said.size(), MSG_NOSIGNAL);
    }
    if (store.stats().failed)
      kill(getpid(), SIGTERM);   // opened again, it tells what became of the last writes
  }
}

// --- The feed: whoever is told reads the standard output. ---

class Feed {
 public:
  Feed(const UserTagStore& store, std::filesystem::path kept) : store_(store), kept_(std::move(kept)) {}

  // Until the store is closed, which wakes it. What is not told by then is told by the next run.
  Result<void> follow() {
    std::string text;
    std::getline(std::ifstream(kept_), text);
    auto position = Position::parse(text);
    if (!position) position = begin_anew();
    while (position) {
      const auto page = store_.changes(*position);
      if (is_lost(page)) {
        position = begin_anew();
      } else if (!page) {
        position = std::unexpected(page.error());
      } else if (page->changes.empty()) {
        std::ignore = store_.wait_for_changes(*position, 1min);
      } else {
        for (const Change& change : page->changes) tell(change);
        keep(page->next);
        position = page->next;
      }
    }
    if (position.error() == ErrorCode::store_closed) return {};
    return std::unexpected(position.error());
  }

 private:
  // Whether what was told may be of a past that the store no longer has: it was pruned, or a backup was put in place. An
  // unclean end looks like that, too.
  static bool is_lost(const Result<ChangePage>& page) {
    if (page) return page->epoch_changed;
    return page.error() == ErrorCode::history_pruned || page.error() == ErrorCode::future_revision;
  }

  // First the position, then the users: one who changes meanwhile is told again.
  Result<Position> begin_anew() {
    const Position position = store_.position();
    std::cout << "all users\n";
    const auto visited =
        store_.for_each({}, [](const User& user) { std::cout << "is " << user.external_id() << '\n'; });
    if (!visited) return std::unexpected(visited.error());
    keep(position);
    return position;
  }

  static void tell(const Change& change) {
    std::cout << change.revision << ' ' << to_string(change.kind) << ' ' << change.external_id;
    for (const TagChange& tag : change.tags) std::cout << ' ' << tag.key << '=' << tag.value.value_or("");
    std::cout << '\n';
  }

  // After what was told: a run that is killed in between tells it again, with the same revisions.
  void keep(const Position& position) const {
    std::cout.flush();
    const std::filesystem::path next = kept_.string() + ".next";
    std::ofstream(next) << position.text().view() << '\n';
    std::filesystem::rename(next, kept_);
  }

  const UserTagStore& store_;
  const std::filesystem::path kept_;
};

// --- Backups: one for each day of the week, renewed every hour. A day's first one replaces that of a week ago. ---

void back_up(const std::stop_token& stop, const UserTagStore& store, const std::filesystem::path& folder) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  do {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    std::array<char, 32> name;
    name[std::strftime(name.data(), name.size(), "users-%a.db", localtime_r(&now, &local))] = '\0';
    const auto copied =
        store.backup(folder / name.data(), [&](auto, auto) { return !stop.stop_requested(); });
    if (!copied) std::clog << copied.error().message() << std::endl;
    wakes.wait_for(lock, stop, 1h, [] { return false; });
  } while (!stop.stop_requested());
}

// --- ---

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::filesystem::path folder = arguments[1];

  // No thread takes these signals but this one, which waits for them: there is no handler that could call too much.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::filesystem::create_directories(folder / "backups");
  Options options;
  options.log = [](LogLevel, std::string_view line) { std::clog << line << std::endl; };
  auto store = UserTagStore::open(folder / "users.db", options);
  if (!store) return std::clog << store.error().message() << '\n', 1;

  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(arguments[2])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 128) != 0) {
    return std::perror("service"), 1;
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::clog << "port " << ntohs(address.sin_port) << std::endl;

  Result<void> followed;
  std::thread feed([&] { followed = Feed(*store, folder / "feed-position").follow(); });
  std::jthread backups([&](const std::stop_token& stop) { back_up(stop, *store, folder / "backups"); });
  std::vector<std::jthread> workers;
  for (int i = 0; i < 8; ++i) workers.emplace_back([&] { work(*store, listener); });

  int signal = 0;
  sigwait(&signals, &signal);

  shutdown(listener, SHUT_RD);   // nobody new is served; workers end with what they are at
  workers.clear();
  backups.request_stop();   // a backup under way is given up, and leaves nothing
  backups.join();
  const bool failed = store->stats().failed;
  const auto closed = store->close();   // wakes the feed
  feed.join();
  for (const auto& result : {followed, closed}) {
    if (!result) std::clog << result.error().message() << '\n';
  }
  return followed && closed && !failed ? 0 : 1;
}
