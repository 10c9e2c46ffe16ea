// The commands there are, in the order of --help. A new one is a file that defines its function, and its name
// in the two lists below.
#pragma once

#include <memory>
#include <span>

#include "commands/command.hpp"

namespace usertags::command {

using MakeCommand = std::unique_ptr<Command>();

MakeCommand make_create_user, make_delete_user, make_apply, make_rename_key, make_stream, make_find,
    make_list, make_select, make_count, make_keys, make_values, make_history, make_changes, make_audience,
    make_load, make_dump, make_backup, make_diff, make_compact, make_settings, make_info, make_stats,
    make_report, make_verify, make_adopt;

inline constexpr MakeCommand* kCommands[] = {
    make_create_user, make_delete_user, make_apply,   make_rename_key, make_stream,
    make_find,        make_list,        make_select,  make_count,      make_keys,
    make_values,      make_history,     make_changes, make_audience,   make_load,
    make_dump,        make_backup,      make_diff,    make_compact,    make_settings,
    make_info,        make_stats,       make_report,  make_verify,     make_adopt,
};

// Those of clusters, which are built with USERTAGS_CLUSTER=ON; else there are none (no_clusters.cpp).
MakeCommand make_cluster_init, make_cluster_run, make_cluster_status, make_cluster_locate,
    make_cluster_resign, make_cluster_snapshot, make_cluster_restore, make_cluster_split;
std::span<MakeCommand* const> cluster_commands();

}   // namespace usertags::command
