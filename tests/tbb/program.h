// The programs of tests/tbb: each uses one part of oneTBB's interface as its specification describes it, and prints
// what every correct runtime prints. The same objects are linked with oneTBB and with preempt::tbb, and the outputs
// compared.
//
//   PROGRAM(name) { std::printf("...\n"); }
//
// What is printed depends on no time, no address, no number of workers, and not on which thread ran what.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace tbb_programs {

struct Program {
  const char* name;
  void (*run)();
};

// A function, because the registrations run before main in no particular order.
std::vector<Program>& programs();

struct Registration {
  Registration(const char* name, void (*run)()) { programs().push_back({name, run}); }
};

// The text of the exception that `function` ends with, or "nothing".
template <typename Function>
std::string thrown_by(Function&& function) {
  try {
    function();
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of another kind";
  }
  return "nothing";
}

// Waits without taking part in the work, for up to 20 seconds: what was enqueued has to run without this thread.
template <typename Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

}  // namespace tbb_programs

#define PROGRAM(name)                                                          \
  static void name();                                                          \
  static const ::tbb_programs::Registration name##_registration(#name, &name); \
  static void name()
