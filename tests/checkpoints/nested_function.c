/* GNU C: a function that finds its parent's frame by r10, the static chain. */
#include <stdarg.h>
#include <stdbool.h>

bool nested_function_holds(void (*ask)(void));

bool nested_function_holds(void (*ask)(void)) {
  int frame_of_parent = 100;
  __asm__ volatile("" : "+m"(frame_of_parent));
  __attribute__((noinline)) int nested(int a, int b) {
    volatile char room[200];
    room[a] = (char)b;
    return frame_of_parent + 10 * a + room[a];
  }
  /* Variadic too: behind the checkpoint stand the static chain's way back and the address of the arguments. */
  __attribute__((noinline)) int nested_variadic(int count, ...) {
    va_list arguments;
    va_start(arguments, count);
    int sum = frame_of_parent;
    for (int i = 0; i < count; ++i) sum = sum * 2 + va_arg(arguments, int);
    va_end(arguments);
    return sum;
  }
  ask();
  const bool plain = nested(1, 2) == 112;  /* its address would want an executable stack */
  ask();
  return plain && nested_variadic(8, 1, 1, 1, 1, 1, 1, 1, 1) == 100 * 256 + 255;
}
