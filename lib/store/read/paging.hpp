
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/page.hpp>

#include "model/record.hpp"

namespace usertags::store {

// Why no page has this limit; none where one may.
std::optional<Error> bad_limit(std::size_t limit);

// Cursors as text: URL-safe base64 (RFC 4648, section 5, without padding) of
//   kind, 1 byte | query, 8 bytes | position: of what was returned last | check, 8 bytes   (little-endian)
// where `check` is XXH3-64 over what precedes, seeded with the store's id: a cursor of another store, of
// another question, or a mangled one does not fit. A position is a user's ordinal, 4 bytes, or text: a key, a
// value, a revision in decimal.
using StoreId = std::array<std::uint8_t, 16>;

enum class CursorKind : std::uint8_t { list = 1, keys = 2, values = 3, select = 4, history = 5 };

struct CursorBinding {
  StoreId store_id;
  CursorKind kind;
  std::uint64_t query;   // query_hash; 0 where the question has no parameters
};

// Of a question's parameters.
std::uint64_t query_hash(std::initializer_list<std::string_view> parameters);

// Encoding throws std::bad_alloc, and so does decoding a text.
Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal);
Cursor encode_cursor(const CursorBinding& binding, std::string_view position);
// In place of the text of another cursor with an ordinal, so that it needs no memory.
Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal, std::string&& room) noexcept;
std::optional<std::uint32_t> decode_ordinal(const CursorBinding& binding, std::string_view cursor);
std::optional<std::string> decode_text(const CursorBinding& binding, std::string_view cursor);

// Of a cursor that does not fit.
Error bad_cursor();

// --- Pages of users. ---

// The ordinal after which one begins. Errors: invalid_argument (limit), invalid_cursor.
Result<std::uint32_t> ordinal_before(const PageRequest& request, const CursorBinding& binding);

// `more`: there are users behind these.
UserPage page_of(std::vector<model::RecordPtr> records, bool more, std::uint64_t revision,
                 const CursorBinding& binding);

}   // namespace usertags::store
