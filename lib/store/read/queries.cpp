#include "store/read/queries.hpp"

#include <optional>
#include <string>
#include <utility>

#include "model/record.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "store/read/paging.hpp"

namespace usertags::store {

namespace {

using index::FacetPage;
using index::FacetRange;

std::optional<Error> bad_key(std::string_view key) {
  const model::BrokenRules broken = model::check_key(key);
  if (broken.empty()) return std::nullopt;
  return Error(ErrorCode::invalid_argument, "no tag can have the key " + model::quoted(key) + ", which " +
                                                model::in_words(*broken.begin()));
}

UserPage to_page(index::Projection::Page found, const CursorBinding& binding) {
  return page_of(std::move(found.records), found.more, found.revision, binding);
}

// Where a request for facets begins.
struct Start {
  std::optional<std::string> after;

  FacetRange range(std::string_view prefix, std::size_t limit) const {
    return {prefix, after ? std::optional<std::string_view>(*after) : std::nullopt, limit};
  }
};

template <class Request>
Result<Start> start_of(const Request& request, const CursorBinding& binding) {
  if (auto error = bad_limit(request.limit)) return std::unexpected(*std::move(error));
  Start start;
  if (!request.after) return start;
  start.after = decode_text(binding, request.after->text());
  if (!start.after) return std::unexpected(bad_cursor());
  return start;
}

std::optional<Cursor> next_of(const FacetPage& found, const CursorBinding& binding) {
  if (!found.more) return std::nullopt;
  return encode_cursor(binding, found.facets.back().text);
}

ValuePage to_page(FacetPage found) {
  ValuePage page;
  page.revision = found.revision;
  page.values.reserve(found.facets.size());
  for (index::Facet& facet : found.facets) page.values.push_back({std::move(facet.text), facet.users});
  return page;
}

}   // namespace

Result<UserPage> Queries::list(const PageRequest& request) const {
  const CursorBinding binding{store_id_, CursorKind::list, 0};
  const Result<std::uint32_t> after = ordinal_before(request, binding);
  if (!after) return std::unexpected(after.error());
  index::require_before(request.deadline);
  return to_page(projection_.list(*after, request.limit), binding);
}

Result<UserPage> Queries::select(const Selector& selector, const PageRequest& request) const {
  const auto node = selector::SelectorAccess::node(selector);
  if (!node) return std::unexpected(node.error());
  const CursorBinding binding{store_id_, CursorKind::select, query_hash({selector.text()})};
  const Result<std::uint32_t> after = ordinal_before(request, binding);
  if (!after) return std::unexpected(after.error());
  return to_page(projection_.select(**node, *after, request.limit, request.deadline), binding);
}

Result<Count> Queries::count(const Selector& selector, const AskOptions& options) const {
  const auto node = selector::SelectorAccess::node(selector);
  if (!node) return std::unexpected(node.error());
  const index::Projection::Count count = projection_.count(**node, options.deadline);
  return Count{count.users, count.revision};
}

Result<KeyPage> Queries::tag_keys(const KeyRequest& request) const {
  const CursorBinding binding{store_id_, CursorKind::keys, query_hash({request.prefix})};
  const Result<Start> start = start_of(request, binding);
  if (!start) return std::unexpected(start.error());
  FacetPage found = projection_.tag_keys(start->range(request.prefix, request.limit));
  KeyPage page;
  page.revision = found.revision;
  page.next = next_of(found, binding);
  page.keys.reserve(found.facets.size());
  for (index::Facet& facet : found.facets) page.keys.push_back({std::move(facet.text), facet.users});
  return page;
}

Result<ValuePage> Queries::tag_values(std::string_view key, const ValueRequest& request) const {
  if (auto error = bad_key(key)) return std::unexpected(*std::move(error));
  const CursorBinding binding{store_id_, CursorKind::values, query_hash({key, request.prefix})};
  const Result<Start> start = start_of(request, binding);
  if (!start) return std::unexpected(start.error());
  if (request.order == ValueOrder::by_users) {
    if (request.after) return std::unexpected(bad_cursor());
    return to_page(projection_.top_tag_values(key, request.prefix, request.limit));
  }
  FacetPage found = projection_.tag_values(key, start->range(request.prefix, request.limit));
  const std::optional<Cursor> next = next_of(found, binding);
  ValuePage page = to_page(std::move(found));
  page.next = next;
  return page;
}

}   // namespace usertags::store
