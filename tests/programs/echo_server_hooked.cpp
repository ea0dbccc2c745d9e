// The same with the calls of libc that block in a Blocking scope.
#include "echo_server.cpp"
