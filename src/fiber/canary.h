// What stands in for a guard page where none can be had: a page that nobody writes, looked at now and then.
#ifndef PREEMPT_FIBER_CANARY_H_
#define PREEMPT_FIBER_CANARY_H_

namespace preempt::fiber {

// Fills the page.
void plant_canary(char* page) noexcept;

// False: somebody wrote there. All of it is compared (0.25 us), since an overflow may have left gaps.
bool canary_is_alive(const char* page) noexcept;

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_CANARY_H_
