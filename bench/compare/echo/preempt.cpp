// An echo server with a task for each connection: PROGRAM connections processors. Prints its port and ends when so many
// connections have come and gone.
#include <cstdio>
#include <cstdlib>

#include "preempt/executor.h"
#include "server.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int connections = std::atoi(argv[1]);
  const preempt::bench::Listener listener;
  // A connection that waits keeps a thread.
  preempt::Executor executor({.processors = std::atoi(argv[2]), .max_threads = 2 * connections + 64});
  std::printf("%d\n", listener.port());
  std::fflush(stdout);
  for (int i = 0; i < connections; ++i) {
    executor.execute([connection = listener.accept_one()] { preempt::bench::echo(connection); });
  }
  executor.drain();
  return 0;
}
