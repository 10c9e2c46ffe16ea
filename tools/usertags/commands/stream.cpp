// Lines are taken as they come: all that have arrived are one group (bounded), which is committed and
// answered before more is waited for. So a writer that waits for each answer gets it at once, and one that
// does not wait pays for one sync per group.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "input/input.hpp"
#include "input/loader.hpp"
#include "input/store_access.hpp"
#include "input/write_in.hpp"
#include "output/json_out.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kMaxGroup = 4096;

Result<Write> write_of(const LineReader::Line& line) {
  if (line.too_long) return std::unexpected(line_too_long());
  return parse_write(line.text);
}

// Answers in the order of the lines.
class Answerer {
 public:
  Answerer(UserTagStore& store, Output& out) : store_(store), out_(out) {}

  void add(const LineReader::Line& line) {
    if (!line.too_long && is_blank(line.text)) return;
    group_.add(write_of(line));
    lines_.push_back(line.number);
    if (group_.size() == kMaxGroup) commit();
  }

  void commit() {
    const auto outcomes = group_.commit(store_);
    for (std::size_t i = 0; i < outcomes.size(); ++i) answer(outcomes[i], lines_[i]);
    lines_.clear();
    out_.flush();
  }

  int worst() const { return worst_; }

 private:
  void answer(const Result<Applied>& outcome, std::uint64_t line) {
    if (outcome) {
      append_json(out_.buffer(), *outcome);
    } else {
      append_json_answer(out_.buffer(), outcome.error(), line);
      worst_ = std::max(worst_, exit_code_of_line(outcome.error().code()));
    }
    out_.line_done();
  }

  UserTagStore& store_;
  Output& out_;
  WriteGroup group_;
  std::vector<std::uint64_t> lines_;   // of the group's writes
  int worst_ = kDone;
};

class StreamCommand final : public Command {
 public:
  StreamCommand()
      : Command(
            "stream", "Take writes from standard input, one JSON object a line, and answer each",
            "A line is one of these, with \"if_revision\", \"token\" and \"note\" where wanted:\n"
            "  {\"user\":REF,\"tags\":{\"set\":[{\"key\":K,\"value\":V}],…}}   operations as in apply --body\n"
            "  {\"create\":{\"external_id\":E,\"tags\":[{\"key\":K,\"value\":V},…]}}\n"
            "  {\"ensure\":{…, likewise}}, which creates the user unless it is there\n"
            "  {\"delete\":REF}\n"
            "Each line gets one line, in order, once its write is durable: {\"data\":USER or null,\"revision\":N,\n"
            "\"changed\":B,\"replayed\":B} or {\"error\":{…}}. Lines that arrive together are committed together;\n"
            "no answer waits for more input. A bad line is answered and does not stop the stream; a blank\n"
            "one is passed over.\n"
            "\n"
            "Examples:\n"
            "  printf '%s\\n' '{\"create\":{\"external_id\":\"bob\"}}' | usertags stream users.db --init\n"
            "  usertags stream users.db <writes.jsonl >answers.jsonl") {}

  void declare(Arguments& arguments) override { new_store_.declare(arguments); }

  int run(Console& console) override {
    console.json = true;
    auto store = open_to_write(store_path(), new_store_, console);
    if (!store) return console.error(store.error());
    const int worst = stream(*store, console.out());
    close_after_writing(*store, console);
    return interrupted() ? interrupted_exit_code() : worst;
  }

 private:
  static int stream(UserTagStore& store, Output& out) {
    Input input("-");
    LineReader reader(input);
    Answerer answerer(store, out);
    while (reader.fill()) {
      while (const auto line = reader.next()) answerer.add(*line);
      answerer.commit();
    }
    return answerer.worst();
  }

  NewStore new_store_;
};

}   // namespace

std::unique_ptr<Command> make_stream() {
  return std::make_unique<StreamCommand>();
}

}   // namespace usertags::command
