#include "input/writes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "exit_code.hpp"
#include "input/input.hpp"
#include "input/loader.hpp"
#include "input/write_in.hpp"
#include "output/json_out.hpp"

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

}   // namespace

int answer_writes(UserTagStore& store, Output& out) {
  Input input("-");
  LineReader reader(input);
  Answerer answerer(store, out);
  while (reader.fill()) {
    while (const auto line = reader.next()) answerer.add(*line);
    answerer.commit();
  }
  return answerer.worst();
}

}   // namespace usertags::command
