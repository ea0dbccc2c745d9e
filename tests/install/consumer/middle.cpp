// Uses the marked library and does not show it.
unsigned kernel(unsigned turns);

unsigned middle(unsigned turns) { return kernel(turns); }
