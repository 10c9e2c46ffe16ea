// Imports users from a CSV file: each row becomes a user, and a user who is there gets the tags of its row. What is
// refused is told with its line, and the rest goes on.
//
//   import STORE CSV     the first line names the keys, behind a first column of external ids; an empty cell is no tag
//
// A thousand rows are committed at a time. Whatever ends it, it may be run again: what is as the row says stays as it is.
// Its status is 0, or 1 where rows were refused, or 2 where it was ended.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

using namespace usertags;

using Cells = std::vector<std::string>;

// The cells of the next row; none: the end. A cell in quotes may hold commas, ends of lines, and quotes, doubled.
Cells next_row(std::istream& in) {
  Cells cells;
  bool quoted = false;
  for (int c; (c = in.get()) != EOF;) {
    if (cells.empty()) cells.emplace_back();
    if (quoted && c == '"' && in.peek() == '"') {
      cells.back() += static_cast<char>(in.get());
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      cells.emplace_back();
    } else if (!quoted && c == '\n') {
      break;
    } else if (quoted || c != '\r') {
      cells.back() += static_cast<char>(c);
    }
  }
  return cells;
}

class Import {
 public:
  Import(UserTagStore& store, Cells keys) : store_(store), keys_(std::move(keys)) {}

  void add(std::size_t row, Cells cells) {
    if (cells.size() == 1 && cells.front().empty()) return;   // an empty line
    if (cells.size() != keys_.size())
      return refuse(row, cells.front(), "the row has another number of cells");
    rows_.emplace_back(row, std::move(cells));
  }
  bool is_full() const { return rows_.size() == 1'024; }

  // Writes the rows. An error is not about one of them, but ends the import, as where the disk is full.
  Result<void> flush() {
    // Two rounds, because a user may be named by two rows: the later one counts.
    std::vector<Write> creations;
    for (const auto& [row, cells] : rows_) creations.emplace_back(EnsureUser{cells.front(), tags(cells)});
    const auto ensured = store_.apply_each(creations);
    std::vector<std::pair<std::size_t, Cells>> there;
    for (std::size_t i = 0; i < ensured.size(); ++i) {
      if (auto taken = take(rows_[i], ensured[i], created); !taken) return taken;
      if (ensured[i] && !ensured[i]->changed) there.push_back(std::move(rows_[i]));
    }
    std::vector<Write> patches;
    for (const auto& [row, cells] : there) patches.emplace_back(PatchUser{cells.front(), patch(cells)});
    const auto patched = store_.apply_each(patches);
    for (std::size_t i = 0; i < patched.size(); ++i) {
      if (auto taken = take(there[i], patched[i], changed); !taken) return taken;
    }
    rows_.clear();
    return {};
  }

  std::size_t created = 0;
  std::size_t changed = 0;
  std::size_t refused = 0;

 private:
  using Row = std::pair<std::size_t, Cells>;

  TagList tags(const Cells& cells) const {
    TagList list;
    for (std::size_t i = 1; i < cells.size(); ++i) {
      if (!cells[i].empty()) list.add(keys_[i], cells[i]);
    }
    return list;
  }

  TagBatch patch(const Cells& cells) const {
    TagBatch batch;
    for (std::size_t i = 1; i < cells.size(); ++i) {
      cells[i].empty() ? batch.erase(keys_[i]) : batch.set(keys_[i], cells[i]);
    }
    return batch;
  }

  Result<void> take(const Row& row, const Result<Applied>& outcome, std::size_t& count) {
    if (outcome) {
      if (outcome->changed) ++count;
      return {};
    }
    const ErrorCode code = outcome.error().code();
    if (code != ErrorCode::batch_refused && code != ErrorCode::invalid_argument) {
      return std::unexpected(outcome.error());
    }
    refuse(row.first, row.second.front(), outcome.error().message());
    return {};
  }

  void refuse(std::size_t row, const std::string& user, const std::string& why) {
    std::cout << "row " << row << ", '" << user << "': " << why << '\n';
    ++refused;
  }

  UserTagStore& store_;
  const Cells keys_;
  std::vector<Row> rows_;
};

int main(int count, char** arguments) {
  if (count != 3) return 2;
  std::ifstream in(arguments[2], std::ios::binary);
  Cells keys = next_row(in);
  if (keys.size() < 2) return std::cerr << "no keys in " << arguments[2] << '\n', 2;
  auto store = UserTagStore::open(arguments[1]);
  if (!store) return std::cerr << store.error().message() << '\n', 2;

  const auto bytes = std::filesystem::file_size(arguments[2]);
  Import import(*store, std::move(keys));
  Result<void> done;
  for (std::size_t row = 1; done; ++row) {
    Cells cells = next_row(in);
    const bool is_end = cells.empty();
    if (!is_end) import.add(row, std::move(cells));
    if (!is_end && !import.is_full()) continue;
    const auto at = is_end ? bytes : static_cast<std::uintmax_t>(in.tellg());
    done = import.flush();
    if (done) std::cerr << '\r' << 100 * at / bytes << " %" << std::flush;
    if (is_end) break;
  }
  std::cerr << '\n';
  if (done) done = store->close();
  std::cout << import.created << " created, " << import.changed << " changed, " << import.refused
            << " refused\n";
  if (!done) std::cerr << done.error().message() << '\n';
  return !done ? 2 : import.refused != 0 ? 1 : 0;
}
