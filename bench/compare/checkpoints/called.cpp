// Compiled with a checkpoint in its prologue.
#include "called.h"

int called(int value) {
  volatile int kept = value;
  return kept;
}
