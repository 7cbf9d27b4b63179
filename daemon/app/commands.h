// What `ingotd` does, command by command.

#ifndef INGOT_DAEMON_APP_COMMANDS_H_
#define INGOT_DAEMON_APP_COMMANDS_H_

#include <string>

#include "codec/result.h"

namespace ingot::app {

// Serves the store in `data` until SIGTERM or SIGINT, which the caller's
// process must not have handled otherwise. `listen`: ADDRESS:PORT.
Status Serve(const std::string& data, const std::string& listen, int threads);

// Looks at all that the store in `data` holds, prints what is wrong to stdout,
// and returns how many things are. `read_data`: reads files and packs to their
// ends, too.
Result<uint64_t> Check(const std::string& data, bool read_data);

// Makes the index anew.
Status RebuildIndex(const std::string& data);

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_COMMANDS_H_
