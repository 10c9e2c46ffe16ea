// The writes that the command takes as JSON. TAGS is an array [{"key":K,"value":V},…] or an object {K:V,…};
// OPERATIONS is
//
//   {"create":[{"key","value"},…], "update":[…], "set":[…], "delete":[{"key"},…]}
//
// where the elements of update, set and delete may have "expected_value", and those of delete "must_exist".
// Operations keep the order of the document.
#pragma once

#include <string_view>

#include <usertags/error.hpp>
#include <usertags/restorer.hpp>
#include <usertags/tag_batch.hpp>
#include <usertags/write.hpp>

namespace usertags::command {

// {"tags":OPERATIONS}
Result<TagBatch> parse_batch(std::string_view text);

// {"user":REF,"tags":OPERATIONS}, {"create":{"external_id":E,"tags":TAGS}}, {"ensure":{…, likewise}} or {"delete":REF}, each with
// "if_revision" and "note" where wanted.
Result<Write> parse_write(std::string_view text);

// {"external_id":E,"tags":TAGS}, as `dump` prints it: "id" and "revision" are passed over.
Result<CreateUser> parse_user(std::string_view text);

// The same, with all of it.
Result<RestoredUser> parse_whole_user(std::string_view text);

}   // namespace usertags::command
