// Compiled and run by preempt_add_checkpoints() at configure time: calls three functions with the guard word set and
// returns how many of them took their checkpoint's slow path.
extern "C" {
int slow_calls = 0;
int one(int);
int two(int);
}

// In the place of libpreempt: counts, and enters the function as src/asm/morestack_x86_64.S does.
__asm__(R"(
        .globl  preempt_checkpoints_are_linked_by_preempt_add_checkpoints
        .type   preempt_checkpoints_are_linked_by_preempt_add_checkpoints, @function
preempt_checkpoints_are_linked_by_preempt_add_checkpoints:
        incl    slow_calls(%rip)
        incq    (%rsp)
        ret
        .globl  preempt_allocate_stack_space
preempt_allocate_stack_space:
        ud2
)");

// GCC takes the attribute on a declaration of its own only.
__attribute__((no_split_stack)) int main();

extern "C" {
__attribute__((noinline)) int one(int value) {
  __asm__ volatile("" : "+r"(value));
  return two(value) + 1;
}
__attribute__((noinline)) int two(int value) {
  char room[64];
  __asm__ volatile("" ::"r"(room) : "memory");
  if (value > 0) return two(value - 1) + room[0] * 0;
  return value;
}
}

int main() {
  __asm__ volatile("movq $-1, %%fs:0x70" ::: "memory");
  one(1);
  __asm__ volatile("movq $0, %%fs:0x70" ::: "memory");
  return slow_calls;
}
