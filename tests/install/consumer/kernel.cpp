// Marked as a whole, by preempt_signal_safe().
unsigned kernel(unsigned turns) {
  unsigned value = 1;
  for (unsigned i = 0; i < turns; ++i) value = value * 1664525 + 1013904223;
  return value;
}
