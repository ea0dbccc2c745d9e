// An echo server with a kernel thread for each connection: PROGRAM connections. Prints its port and ends when so many
// connections have come and gone.
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "server.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int connections = std::atoi(argv[1]);
  const preempt::bench::Listener listener;
  std::printf("%d\n", listener.port());
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([connection = listener.accept_one()] { preempt::bench::echo(connection); });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}
