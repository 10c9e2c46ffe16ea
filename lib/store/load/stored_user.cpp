#include "store/load/stored_user.hpp"

#include <optional>
#include <span>
#include <utility>

#include "model/digest.hpp"
#include "model/foreign_tags.hpp"
#include "model/typeid.hpp"
#include "model/utf8.hpp"

namespace usertags::store {
namespace {

using model::Record;
using model::RecordPtr;

std::unexpected<RowProblem> damaged(const char* what) {
  return std::unexpected(RowProblem{ErrorCode::corrupt_store, what});
}

std::unexpected<RowProblem> foreign(const char* what) {
  return std::unexpected(RowProblem{ErrorCode::foreign_write, what});
}

bool is_external_id(std::string_view text) noexcept {
  const model::Utf8Scan scan = model::scan_utf8(text);
  return !text.empty() && text.size() <= Record::kMaxExternalIdBytes && scan.well_formed &&
         !scan.contains_nul;
}

// Keys are sorted, so that only the first can be empty.
bool is_tag_list(std::string_view external_id, std::span<const Tag> tags) noexcept {
  return Record::has_room_for(external_id, tags) && (tags.empty() || !tags.front().key.empty());
}

}   // namespace

bool is_user(std::string_view id, std::string_view external_id, std::span<const Tag> tags) noexcept {
  return model::parse_user_id(id) && is_external_id(external_id) && is_tag_list(external_id, tags);
}

bool is_well_formed(std::string_view json) noexcept {
  return model::scan_utf8(json).well_formed;
}

std::expected<RecordPtr, RowProblem> to_record(const sqlite::UserTable::Row& row,
                                               model::PatchDecoder& decoder) {
  if (!model::parse_user_id(row.id) || !is_external_id(row.external_id)) {
    return damaged("has no valid id or external id");
  }
  RecordPtr record;
  if (row.tags) {
    if (!is_well_formed(*row.tags)) return damaged("has tags that are no well-formed UTF-8");
    const auto tags = decoder.tags(*row.tags);
    if (!tags || !is_tag_list(row.external_id, *tags)) {
      return model::parse_foreign_tags(*row.tags) ? foreign("has tags that the store did not write")
                                                  : damaged("has tags that cannot be read");
    }
    record = Record::make(row.ordinal, row.revision, row.id, row.external_id, *tags);
  } else {
    record = Record::make_tombstone(*Record::make(row.ordinal, 0, row.id, row.external_id, {}), row.revision);
  }
  if (model::row_checksum(*record) != row.checksum) return foreign("is not as the store left it");
  return record;
}

}   // namespace usertags::store
