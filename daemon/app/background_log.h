// LogBackground: what the background work on a store did, in the log.
//
// Thread-safety: the events are told by one thread at a time.

#ifndef INGOT_DAEMON_APP_BACKGROUND_LOG_H_
#define INGOT_DAEMON_APP_BACKGROUND_LOG_H_

#include "daemon/ingest/background.h"
#include "daemon/observe/log.h"

namespace ingot::app {

// `log` must outlive the events.
ingest::BackgroundEvents LogBackground(observe::Log* log);

}  // namespace ingot::app

#endif  // INGOT_DAEMON_APP_BACKGROUND_LOG_H_
