// Has a checkpoint in its prologue, by preempt_add_checkpoints().
int called(int turns) {
  volatile int sum = 0;
  for (int i = 0; i < turns; ++i) sum = sum + i;
  return sum;
}
