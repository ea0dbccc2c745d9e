// The same with usleep in a Blocking scope.
#include "sleeping_tasks.cpp"
