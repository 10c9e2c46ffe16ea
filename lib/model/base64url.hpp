// URL-safe base64 (RFC 4648, section 5) without padding, for opaque texts that survive URLs, shells and
// files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace usertags::model {

// Bits that fill the last character up are zero. Throws std::bad_alloc.
std::string to_base64url(std::string_view bytes);

// None where a character is not of the alphabet. Bits that fill up are not looked at: whoever wants one text
// for one value encodes again and compares. Throws std::bad_alloc.
std::optional<std::string> from_base64url(std::string_view text);

}   // namespace usertags::model
