#include "input/loader.hpp"

#include <fmt/format.h>
#include <utility>

#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"

namespace usertags::command {

Rejects::Rejects(const std::optional<std::string>& path, bool force, Console& console) : console_(console) {
  if (path) file_.emplace(Output::create(*path, force));
}

void Rejects::add(std::uint64_t line, const std::string& text, const Error& error) {
  ++count_;
  if (!file_) {
    if (count_ <= kTold) console_.error(error, line);
    return;
  }
  JsonObject object(file_->buffer());
  object.number("line", line);
  append_json(object.name_of("error"), error);
  object.text("input", text);
  object.close();
  file_->line_done();
}

void Rejects::finish() {
  if (file_) {
    file_->flush();
  } else if (count_ > kTold) {
    console_.note(
        fmt::format("and {} more were rejected; --rejects FILE keeps them all", grouped(count_ - kTold)));
  }
}

namespace {

// Without the place in the group, which means nothing to whoever wrote the line.
Result<Applied> alone(Result<Applied> outcome) {
  if (outcome || outcome.error() != ErrorCode::batch_refused) return outcome;
  Error::Details details = outcome.error().details();
  for (Violation& violation : details.violations) violation.item.reset();
  return std::unexpected(Error(ErrorCode::batch_refused, std::move(details)));
}

}   // namespace

std::vector<Result<Applied>> WriteGroup::commit(UserTagStore& store) {
  auto applied = store.apply_each(writes_);
  auto next = applied.begin();
  std::vector<Result<Applied>> outcomes;
  outcomes.reserve(refusals_.size());
  for (std::optional<Error>& refusal : refusals_) {
    if (refusal) {
      outcomes.emplace_back(std::unexpected(*std::move(refusal)));
    } else if (next != applied.end()) {
      outcomes.push_back(alone(*std::move(next++)));
    } else {
      outcomes.emplace_back(std::unexpected(Error(ErrorCode::out_of_memory)));   // and nothing was applied
    }
  }
  refusals_.clear();
  writes_.clear();
  return outcomes;
}

namespace {
constexpr std::size_t kMaxRows = 4096;
constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
}   // namespace

bool Loader::add(Row& row) {
  origins_.push_back({row.line, texts_.size()});
  texts_ += row.text;
  if (existing_ == Existing::set && row.user) origins_.back().user = *row.user;
  group_.add(std::move(row.user));
  return (origins_.size() < kMaxRows && texts_.size() < kMaxBytes) || commit();
}

bool Loader::commit() {
  auto outcomes = group_.commit(store_);
  if (existing_ == Existing::set) set_existing(outcomes);
  for (std::size_t i = 0; i < outcomes.size(); ++i) settle(i, outcomes[i]);
  origins_.clear();
  texts_.clear();
  return !failure_;
}

// A user who comes twice in a group is created by the first row, and set by the second.
void Loader::set_existing(std::vector<Result<Applied>>& outcomes) {
  WriteGroup sets;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] || outcomes[i].error() != ErrorCode::user_exists) continue;
    PatchUser patch{.user = origins_[i].user->external_id};
    for (const auto& [key, value] : origins_[i].user->tags) patch.batch.set(key, value);
    sets.add(Result<PatchUser>(std::move(patch)));
    places.push_back(i);
    origins_[i].was_there = true;
  }
  if (places.empty()) return;
  auto answers = sets.commit(store_);
  for (std::size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(answers[i]);
}

std::string Loader::text_of(std::size_t index) const {
  const std::size_t end = index + 1 < origins_.size() ? origins_[index + 1].text : texts_.size();
  return texts_.substr(origins_[index].text, end - origins_[index].text);
}

void Loader::settle(std::size_t index, const Result<Applied>& outcome) {
  const Origin& origin = origins_[index];
  if (outcome) {
    ++(origin.was_there ? set_ : loaded_);
  } else if (exit_code_of_line(outcome.error().code()) == kRefused) {
    rejects_.add(origin.line, text_of(index), outcome.error());
  } else if (!failure_) {
    failure_ = Failure{outcome.error(), origin.line};
  }
}

}   // namespace usertags::command
