#include <fmt/format.h>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/exact.hpp"
#include "input/input.hpp"
#include "input/loader.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/output.hpp"
#include "output/text.hpp"
#include "terminal/progress.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

bool same_file(const std::string& one, const std::string& other) {
  std::error_code ignored;
  return std::filesystem::equivalent(one, other, ignored);
}

class LoadCommand final : public Command {
 public:
  LoadCommand()
      : Command(
            "load", "Create users from a CSV or JSON Lines file",
            "CSV has a header of keys; an empty cell is no tag. The external id is in --id-column, by default in\n"
            "the column external_id, or else in the first one.\n"
            "The delimiter is a comma, or that of --delimiter, or of a first line sep=;\n"
            "A record that leaves a quote open is rejected with every line that it reaches, each for itself.\n"
            "Blank lines are passed over, and so is a byte order mark.\n"
            "JSON Lines are as dump prints them, {\"external_id\":E,\"tags\":[{\"key\":K,\"value\":V},…]}, where tags may\n"
            "also be {K:V,…}, and \"id\" and \"revision\" are passed over.\n"
            "Rows that cannot be loaded, existing users included, are rejected, and the rest goes on; --rejects\n"
            "keeps each as {\"line\":N,\"error\":{…},\"input\":TEXT}.\n"
            "With --set-existing, users who are there get the row's tags, and keep their others: so a load that was\n"
            "interrupted can be repeated as it was.\n"
            "With --exact, a new store is made of what dump --exact printed: the same ids, revisions, order, settings\n"
            "and digest. All of it or nothing: what is wrong in a line, or missing, ends it, and leaves no store.\n"
            "\n"
            "Examples:\n"
            "  usertags load users.db people.csv --init --rejects rejected.jsonl\n"
            "  usertags load users.db export.csv --id-column email --delimiter ';'\n"
            "  usertags load users.db people.csv --set-existing\n"
            "  usertags dump other.db | usertags load users.db - --format jsonl\n"
            "  usertags dump users.db --exact | usertags load twin.db - --exact") {}

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The file (- is standard input)");
    arguments.option("--format", "csv|jsonl", format_, "What the file is; by default its name tells");
    arguments.option("--id-column", "NAME", id_column_, "The CSV column with the external ids");
    arguments.option("--delimiter", "CHAR|tab", delimiter_, "What stands between the fields of the CSV");
    arguments.option("--rejects", "FILE", rejects_path_, "A new file for the rejected rows");
    arguments.flag("--set-existing", set_existing_,
                   "Set the tags of users who are there, instead of rejecting them");
    arguments.flag("--exact", exact_, "Make a new store of what dump --exact printed");
    arguments.flag("--force", force_, "Overwrite the file of --rejects where it exists");
    new_store_.declare(arguments);
  }

  // The file comes first, so that a name that is misspelt makes no store.
  int run(Console& console) override {
    refuse_the_store_as_file();
    if (exact_) return load_exact(console);
    Input input(file_);
    auto rows = open_rows(input);
    if (!rows) return console.error(rows.error());
    auto store = open_to_write(store_path(), new_store_, console);
    if (!store) return console.error(store.error());
    Rejects rejects(rejects_path_, force_, console);
    Loader loader(*store, rejects, set_existing_ ? Loader::Existing::set : Loader::Existing::reject);
    load(**rows, input, loader);
    rejects.finish();
    const std::uint64_t revision = store->revision();
    close_after_writing(*store, console);
    summarize(loader, rejects, revision, console);
    return exit_code_of(loader, rejects, console);
  }

 private:
  // To write to the store's file, or only to open and close it here, would break the store.
  void refuse_the_store_as_file() const {
    if (same_file(store_path(), file_)) throw UsageError("FILE belongs to the store itself");
    refuse_sidecar(file_, "FILE");
    if (!rejects_path_) return;
    if (*rejects_path_ == "-") throw UsageError("--rejects has to be a file");
    if (same_file(*rejects_path_, file_)) throw UsageError("--rejects names the file that is loaded");
    refuse_output(*rejects_path_, "--rejects", store_path(), force_);
  }

  Result<std::unique_ptr<Rows>> open_rows(Input& input) const {
    if (is_csv()) return csv_rows(input, id_column_, delimiter());
    if (delimiter_) throw UsageError("--delimiter is for CSV");
    if (id_column_) throw UsageError("--id-column is for CSV");
    return json_rows(input);
  }

  std::optional<char> delimiter() const {
    if (!delimiter_) return {};
    if (delimiter_ == "tab") return '\t';
    if (delimiter_->size() == 1 && std::string_view("\"\r\n").find(*delimiter_) == std::string_view::npos) {
      return delimiter_->front();
    }
    throw UsageError("--delimiter is one character, or tab");
  }

  bool is_csv() const {
    const std::string name = format_.value_or(std::filesystem::path(file_).extension().string());
    if (name == "csv" || name == ".csv") return true;
    if (name == "jsonl" || name == ".jsonl" || name == ".ndjson") return false;
    throw UsageError("--format has to be csv or jsonl, where the file's name ends in neither");
  }

  void load(Rows& rows, const Input& input, Loader& loader) {
    Progress progress("users");
    for (Row row; rows.next(row);) {
      if (!loader.add(row) || interrupted()) return;
      progress.at(loader.loaded() + loader.set(), input.fraction_read());
    }
    if (!interrupted()) loader.commit();
  }

  int load_exact(Console& console) const {
    if (format_ == "csv" || delimiter_ || id_column_ || rejects_path_ || set_existing_ || force_ ||
        new_store_.is_wanted() || new_store_.settings()) {
      throw UsageError("--exact makes a whole store of JSON Lines: no other option goes with it");
    }
    Input input(file_);
    defer_interruptions();   // what is written by then has to be taken away
    ExactLoader loader(store_path());
    std::uint64_t line = 0;
    const auto done = load_lines(input, loader, line);
    if (interrupted()) return interrupted_exit_code();
    if (!done) return refuse(done.error(), loader, line, console);
    summarize(loader, console);
    return kDone;
  }

  // All of them, up to what is wrong; `number` is that of the last line.
  static Result<void> load_lines(Input& input, ExactLoader& loader, std::uint64_t& number) {
    Progress progress("users");
    LineReader reader(input);
    while (reader.fill()) {
      while (const auto line = reader.next()) {
        number = line->number;
        if (line->too_long) return std::unexpected(line_too_long());
        if (is_blank(line->text)) continue;
        if (auto taken = loader.take(line->text); !taken) return taken;
        progress.at(loader.users(), input.fraction_read());
        if (interrupted()) return {};
      }
    }
    if (interrupted()) return {};
    return loader.end();
  }

  static int refuse(const Error& error, const ExactLoader& loader, std::uint64_t line, Console& console) {
    if (loader.is_of_store()) return console.error(error);
    console.error(error, line == 0 ? std::nullopt : std::optional(line));   // 0: there was none
    return exit_code_of_line(error.code());
  }

  static void summarize(const ExactLoader& loader, Console& console) {
    Output& out = console.out();
    if (console.json) {
      JsonObject object(out.buffer());
      object.number("loaded", loader.users());
      object.number("revision", loader.revision());
      object.text("digest", loader.digest());
      object.close();
      out.line_done();
      return;
    }
    out.line(fmt::format("{} loaded, revision {}, digest {}", counted(loader.users(), "user"),
                         grouped(loader.revision()), loader.digest()));
  }

  void summarize(const Loader& loader, const Rejects& rejects, std::uint64_t revision,
                 Console& console) const {
    Output& out = console.out();
    if (console.json) {
      JsonObject object(out.buffer());
      object.number("loaded", loader.loaded());
      if (set_existing_) object.number("set", loader.set());
      object.number("rejected", rejects.count());
      object.number("revision", revision);
      object.close();
      out.line_done();
      return;
    }
    std::string line = counted(loader.loaded(), "user") + " loaded, ";
    if (set_existing_) line += grouped(loader.set()) + " set, ";
    line += counted(rejects.count(), "row") + " rejected";
    if (is_terminal(out.fd())) {
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start_;
      line += fmt::format(", {:.1f} s", taken.count());
    }
    out.line(line);
  }

  static int exit_code_of(const Loader& loader, const Rejects& rejects, Console& console) {
    if (const auto& failure = loader.failure()) return console.error(failure->error, failure->line);
    if (interrupted()) return interrupted_exit_code();
    return rejects.count() == 0 ? kDone : kRefused;
  }

  std::string file_;
  std::optional<std::string> format_;
  std::optional<std::string> id_column_;
  std::optional<std::string> rejects_path_;
  std::optional<std::string> delimiter_;
  NewStore new_store_;
  bool set_existing_ = false;
  bool force_ = false;
  bool exact_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}   // namespace

std::unique_ptr<Command> make_load() {
  return std::make_unique<LoadCommand>();
}

}   // namespace usertags::command
