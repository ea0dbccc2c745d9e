int twice(int value) {
  volatile int room[100];
  room[value] = value;
  return 2 * room[value];
}

int main() { return twice(0); }
