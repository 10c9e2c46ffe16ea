#include <memory>

#include "commands/commands.hpp"
#include "input/store_access.hpp"
#include "input/writes.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

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
    const int worst = answer_writes(*store, console.out());
    close_after_writing(*store, console);
    return interrupted() ? interrupted_exit_code() : worst;
  }

 private:
  NewStore new_store_;
};

}   // namespace

std::unique_ptr<Command> make_stream() {
  return std::make_unique<StreamCommand>();
}

}   // namespace usertags::command
