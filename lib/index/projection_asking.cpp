// Projection: what is asked of the tag index, each answer of one moment.
#include "index/projection.hpp"

namespace usertags::index {

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
  const OneMoment moment(moment_);
  const KeyEntry* const entry = tags_.find(key);
  FacetPage page = entry == nullptr ? FacetPage() : top_value_facets(*entry, prefix, limit);
  page.revision = visible_revision();
  return page;
}

}   // namespace usertags::index
