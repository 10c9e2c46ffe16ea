// The sections of the comparison, in the order in which they are run. Each takes what it needs from the
// arena, and reports. Those before `single_updates` leave the users as they were loaded.
#pragma once

#include "arena.hpp"
#include "folder.hpp"
#include "options.hpp"
#include "report.hpp"

namespace usertags::bench {

struct Run {
  const Options& options;
  const Folder& folder;
  Arena& arena;
  Report& report;
};

void bulk_load(Run& run);                 // P9; fills the arena
void size_memory_and_opening(Run& run);   // P10, P7, P8
void lookups(Run& run);                   // P4
void lookups_by_threads(Run& run);        // P4s, P4h
void lookups_beside_a_writer(Run& run);   // P5
void counts(Run& run);                    // P6
void single_updates(Run& run);            // P2
void many_threads(Run& run);              // P3
void sustained_updates(Run& run);         // P1, P12
void submissions(Run& run);               // P14
void group_sizes(Run& run);
void mixes(Run& run);
void writes_to_all_of_a_selector(Run& run);   // P15; in a store of its own
void growth(Run& run);                        // P11
void census(Run& run);
void creations(Run& run);   // P12

// --- What several sections measure. ---

// Time of one look-up of a random user, all tags touched, from many.
double lookup_us(Contestant& contestant, double turn_us);
// Time of one count of the users with two tags that many have.
double count_us(Contestant& contestant, double turn_us);
// Time of one update, in groups that are durable together.
double update_us(Contestant& contestant, std::size_t group, double turn_us);
// Updates until usertags folds as many users as are patched, and its file has room for the log, so that what is
// measured then can go on for ever; less for those who take more than the time.
void warm_up(Contestant& contestant, double most_us);

}   // namespace usertags::bench
