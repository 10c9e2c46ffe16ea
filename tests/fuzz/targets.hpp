// The fuzz targets.
#pragma once

#include "fuzz/target.hpp"

namespace usertags::fuzz {

extern const Target batch_json;   // batch_json.cpp …
extern const Target csv;
extern const Target cursor;
extern const Target database;
extern const Target position;
extern const Target selector_text;
extern const Target type_id;
extern const Target utf8;
extern const Target wal;

inline constexpr const Target* kTargets[] = {&batch_json,    &csv,     &cursor, &database, &position,
                                             &selector_text, &type_id, &utf8,   &wal};

}   // namespace usertags::fuzz
