// Projection: what is asked of the tag index, each answer of one moment.
#include <algorithm>
#include <cassert>

#include "index/projection.hpp"
#include "index/selector_evaluation.hpp"

namespace usertags::index {
namespace {

// Some tenths of a millisecond.
constexpr std::size_t kValuesOfAStretch = 16'384;

std::optional<std::string_view> value_of(const model::RecordPtr& version, std::string_view key) {
  return version && !version->is_tombstone() ? version->find(key) : std::nullopt;
}

}   // namespace

Projection::Page Projection::select(const selector::Node& selector, std::uint32_t after, std::size_t limit,
                                    const Deadline& deadline) const {
  require_before(deadline);
  std::optional<std::vector<std::uint32_t>> ordinals;
  const auto evaluate = [&] {
    const OneMoment moment(moment_);
    ordinals = first_matching(tags_, selector, after, limit + 1);
    return pin_moment();
  };
  const Snapshot snapshot = evaluate();
  if (!ordinals) {
    Ordinals matching = matching_at(snapshot, selector, deadline);
    matching.remove_up_to(after);
    matching.append_first(limit + 1, ordinals.emplace());
  }
  Page page;
  page.revision = snapshot.revision();
  page.more = ordinals->size() > limit;
  if (page.more) ordinals->pop_back();
  page.records = records_of(*ordinals, page.revision);
  assert(std::ranges::all_of(page.records, [](const model::RecordPtr& record) { return bool{record}; }));
  return page;
}

std::vector<std::uint32_t> Projection::all_matching(const selector::Node& selector, std::uint32_t after,
                                                    const Deadline& deadline) const {
  require_before(deadline);
  const Snapshot snapshot = pin();
  Ordinals matching = matching_at(snapshot, selector, deadline);
  matching.remove_up_to(after);
  std::vector<std::uint32_t> ordinals;
  matching.append_first(std::numeric_limits<std::size_t>::max(), ordinals);
  return ordinals;
}

Ordinals Projection::matching_at(const Snapshot& snapshot, const selector::Node& selector,
                                 const Deadline& deadline) const {
  const auto look = [this](const Look& work) {
    const OneMoment moment(moment_);
    work(tags_);
  };
  SelectorSlices slices(look, deadline);
  Ordinals found = slices.matching(selector);
  slices.correct(found, selector, touched_since(snapshot));
  return found;
}

std::vector<model::RecordPtr> Projection::records_of(std::span<const std::uint32_t> ordinals,
                                                     std::uint64_t revision) const {
  std::vector<CreationOrder::Place> places(ordinals.size());
  places.resize(places_of(ordinals, places));
  assert(places.size() == ordinals.size());
  std::vector<model::RecordPtr> records;
  records.reserve(places.size());
  for (const CreationOrder::Place& place : places) {
    records.push_back(share(place, [&] { return revision; }));
  }
  return records;
}

Projection::Count Projection::count(const selector::Node& selector, const Deadline& deadline) const {
  require_before(deadline);
  {
    const OneMoment moment(moment_);
    if (const auto users = count_matching(tags_, selector)) return {*users, visible_revision()};
  }
  const Snapshot snapshot = pin();
  return {matching_at(snapshot, selector, deadline).size(), snapshot.revision()};
}

FacetPage Projection::tag_keys(const FacetRange& range) const {
  const OneMoment moment(moment_);
  FacetPage page = key_facets(tags_, range);
  page.revision = visible_revision();
  return page;
}

FacetPage Projection::tag_values(std::string_view key, const FacetRange& range) const {
  const OneMoment moment(moment_);
  const KeyEntry* const entry = tags_.find(key);
  FacetPage page = entry == nullptr ? FacetPage() : value_facets(*entry, range);
  page.revision = visible_revision();
  return page;
}

FacetPage Projection::top_tag_values(std::string_view key, std::string_view prefix, std::size_t limit) const {
  const Snapshot snapshot = pin();
  TopValues top(prefix, limit);
  ValueChanges changes;
  const Publication* seen = nullptr;
  const auto look = [&] {
    const OneMoment moment(moment_);
    seen = visit_since(snapshot, seen, [&](const Transition& transition) {
      if (const auto value = value_of(transition.before, key)) --changes[*value];
      if (const auto value = value_of(transition.after, key)) ++changes[*value];
    });
    return top.look(tags_.find(key), changes, kValuesOfAStretch);
  };
  while (look()) {
  }
  FacetPage page = std::move(top).page();
  page.revision = snapshot.revision();
  return page;
}

}   // namespace usertags::index
