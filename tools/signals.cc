#include "tools/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "codec/sink.h"
#include "tools/exit_code.h"

namespace ingot {
namespace {

pthread_t main_thread;

// True on the main thread; elsewhere the signal is sent on to it.
bool OnMainThread(int signal_number) {
  if (pthread_equal(pthread_self(), main_thread) != 0) return true;
  const int saved = errno;
  pthread_kill(main_thread, signal_number);
  errno = saved;
  return false;
}

void EndBySignal(int signal_number) {
  if (!OnMainThread(signal_number)) return;
  RemoveTemporaryFilesFromSignalHandler();
  signal(signal_number, SIG_DFL);
  raise(signal_number);  // SA_NODEFER: not blocked here
}

void EndByBrokenPipe(int signal_number) {
  if (!OnMainThread(signal_number)) return;
  RemoveTemporaryFilesFromSignalHandler();
  _exit(kExitError);
}

void Catch(int signal_number, void (*handler)(int)) {
  struct sigaction previous;
  if (sigaction(signal_number, nullptr, &previous) == 0 &&
      previous.sa_handler == SIG_IGN && signal_number != SIGPIPE) {
    return;  // nohup, or a job in the background of a plain shell
  }
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

}  // namespace

void InstallSignalHandlers() {
  main_thread = pthread_self();
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    Catch(signal_number, EndBySignal);
  }
  Catch(SIGPIPE, EndByBrokenPipe);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace ingot
