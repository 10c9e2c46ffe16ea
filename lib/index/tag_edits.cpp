#include "index/tag_edits.hpp"

#include "model/record.hpp"

namespace usertags::index {
namespace {

using model::Record;

// Walks both versions in the order of their keys.
void append_differences(const Record* before, const Record& after, std::vector<TagEdit>& edits) {
  auto old_tag = before == nullptr ? TagIterator() : before->begin();
  auto new_tag = after.begin();
  constexpr TagIterator kEnd;
  while (old_tag != kEnd || new_tag != kEnd) {
    const bool had_key = old_tag != kEnd && (new_tag == kEnd || old_tag->key <= new_tag->key);
    const bool has_key = new_tag != kEnd && (old_tag == kEnd || new_tag->key <= old_tag->key);
    const bool differs = !had_key || !has_key || old_tag->value != new_tag->value;
    if (differs) {
      TagEdit edit{.had_key = had_key, .has_key = has_key, .ordinal = after.ordinal()};
      edit.key = had_key ? old_tag->key : new_tag->key;
      if (had_key) edit.old_value = old_tag->value;
      if (has_key) edit.new_value = new_tag->value;
      edits.push_back(edit);
    }
    if (had_key) ++old_tag;
    if (has_key) ++new_tag;
  }
}

}   // namespace

TagEdits differences(std::span<const Step> steps) {
  TagEdits edits;
  edits.tags.reserve(steps.size());
  for (const Step& step : steps) {
    if (!step.before) edits.created.push_back(step.after->ordinal());
    if (step.after->is_tombstone()) edits.deleted.push_back(step.after->ordinal());
    append_differences(step.before.get(), *step.after, edits.tags);
  }
  return edits;
}

}   // namespace usertags::index
