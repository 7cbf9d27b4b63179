// What signals do to the ingot command: nothing half-written stays behind.

#ifndef INGOT_TOOLS_SIGNALS_H_
#define INGOT_TOOLS_SIGNALS_H_

namespace ingot {

// SIGINT, SIGTERM and SIGHUP remove the temporary files and then end the
// process as if they had not been caught. SIGPIPE (nobody reads our output any
// more) removes them too and exits quietly with kExitError. SIGXFSZ is ignored:
// a file that becomes too long is an error of whoever writes it.
//
// To be called once, on the main thread, which must be the one that uses file
// Sinks: handlers run there, so that no new temporary file appears meanwhile.
void InstallSignalHandlers();

}  // namespace ingot

#endif  // INGOT_TOOLS_SIGNALS_H_
