// Java from tasks. AttachCurrentThread fails on a stack that is not the thread's own as pthread_getattr_np tells it,
// and the virtual machine stops attached threads by its own means, parked ones included.
#include <gtest/gtest.h>

#ifdef PREEMPT_TEST_JVM_LIBRARY
#include <dlfcn.h>
#include <jni.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

// The virtual machine finds null pointers by SIGSEGV.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "handle_segv=0:detect_leaks=0";
}

namespace preempt {
namespace {

using testing::Hogs;
using testing::scaled;

// One for the process: it can be made only once, and not be ended while threads are attached.
JavaVM* java_machine() {
  static JavaVM* const machine = []() -> JavaVM* {
    void* const library = dlopen(PREEMPT_TEST_JVM_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) return nullptr;
    const auto create = reinterpret_cast<jint (*)(JavaVM**, void**, void*)>(dlsym(library, "JNI_CreateJavaVM"));
    char heap[] = "-Xmx64m";
    JavaVMOption option = {heap, nullptr};
    JavaVMInitArgs arguments = {JNI_VERSION_1_8, 1, &option, JNI_FALSE};
    JavaVM* result = nullptr;
    JNIEnv* environment = nullptr;
    if (create == nullptr || create(&result, reinterpret_cast<void**>(&environment), &arguments) != JNI_OK) {
      return nullptr;
    }
    return result;
  }();
  return machine;
}

// Java's own String.hashCode of "x" repeated.
jint hash_of_repeated_x(int count) {
  std::uint32_t result = 0;
  for (int i = 0; i < count; ++i) result = result * 31 + 'x';
  return static_cast<jint>(result);
}

// "x".repeat(count).hashCode(), and garbage for the collector.
bool string_hash_is_right(JNIEnv* java, int count) {
  java->PushLocalFrame(8);
  const jclass string = java->FindClass("java/lang/String");
  const jmethodID repeat = java->GetMethodID(string, "repeat", "(I)Ljava/lang/String;");
  const jmethodID hash_code = java->GetMethodID(string, "hashCode", "()I");
  const jobject repeated = java->CallObjectMethod(java->NewStringUTF("x"), repeat, count);
  const bool right = repeated != nullptr && java->CallIntMethod(repeated, hash_code) == hash_of_repeated_x(count);
  const bool no_exception = java->ExceptionCheck() == JNI_FALSE;
  java->PopLocalFrame(nullptr);
  return right && no_exception;
}

// 7^power, computed by Java, has this many bits.
bool power_is_right(JNIEnv* java, int power, jint bits) {
  java->PushLocalFrame(8);
  const jclass integer = java->FindClass("java/math/BigInteger");
  const jmethodID value_of = java->GetStaticMethodID(integer, "valueOf", "(J)Ljava/math/BigInteger;");
  const jmethodID pow = java->GetMethodID(integer, "pow", "(I)Ljava/math/BigInteger;");
  const jmethodID bit_length = java->GetMethodID(integer, "bitLength", "()I");
  const jobject seven = java->CallStaticObjectMethod(integer, value_of, static_cast<jlong>(7));
  const jobject result = java->CallObjectMethod(seven, pow, power);
  const bool right = result != nullptr && java->CallIntMethod(result, bit_length) == bits;
  java->PopLocalFrame(nullptr);
  return right;
}

void collect_garbage(JNIEnv* java) {
  const jclass system = java->FindClass("java/lang/System");
  java->CallStaticVoidMethod(system, java->GetStaticMethodID(system, "gc", "()V"));
  java->DeleteLocalRef(system);
}

// A NullPointerException in compiled code is a SIGSEGV on the worker, which the virtual machine's handler answers.
bool null_pointer_is_thrown(JNIEnv* java) {
  java->PushLocalFrame(8);
  const jclass objects = java->FindClass("java/util/Objects");
  const jmethodID require =
      java->GetStaticMethodID(objects, "requireNonNull", "(Ljava/lang/Object;)Ljava/lang/Object;");
  java->CallStaticObjectMethod(objects, require, nullptr);
  const bool thrown = java->ExceptionCheck() == JNI_TRUE;
  java->ExceptionClear();
  java->PopLocalFrame(nullptr);
  return thrown;
}

// What went wrong in a task that is attached; empty when nothing did.
std::string use_java(JNIEnv* java) {
  for (int i = 0; i < scaled(100); ++i) {
    if (!string_hash_is_right(java, 20'000 + i)) return "a string's hash is wrong";
    if (!power_is_right(java, 3000, 8423)) return "a power is wrong";
    if (!null_pointer_is_thrown(java)) return "no exception";
    if (i % 10 == 0) collect_garbage(java);
  }
  return {};
}

TEST(JniAsync, TasksAttachUseJavaAndDetach) {
  JavaVM* const machine = java_machine();
  if (machine == nullptr) GTEST_SKIP() << "libjvm does not load or start here";
  Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(200)});
  Hogs hogs(executor, 4);
  ASSERT_TRUE(hogs.all_begun());
  std::vector<std::future<std::string>> found;
  for (int task = 0; task < 6; ++task) {
    found.push_back(executor.submit([machine]() -> std::string {
      JNIEnv* java = nullptr;
      const jint attached = machine->AttachCurrentThread(reinterpret_cast<void**>(&java), nullptr);
      if (attached != JNI_OK) return "AttachCurrentThread returned " + std::to_string(attached);
      std::string result = use_java(java);
      machine->DetachCurrentThread();
      return result;
    }));
  }
  for (auto& one : found) EXPECT_EQ(one.get(), "");
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 50));
}

TEST(JniAsync, WorkersAttachAtTheirStart) {
  JavaVM* const machine = java_machine();
  if (machine == nullptr) GTEST_SKIP() << "libjvm does not load or start here";
  std::atomic<int> refused = 0;
  Executor executor({.processors = 2,
                     .time_slice = std::chrono::microseconds(200),
                     .on_thread_start =
                         [&] {
                           JNIEnv* java = nullptr;
                           refused +=
                               machine->AttachCurrentThreadAsDaemon(reinterpret_cast<void**>(&java), nullptr) != JNI_OK;
                         },
                     .on_thread_stop = [&] { machine->DetachCurrentThread(); }});
  Hogs hogs(executor, 4);
  std::vector<std::future<std::string>> found;
  for (int task = 0; task < 6; ++task) {
    found.push_back(executor.submit([machine]() -> std::string {
      JNIEnv* java = nullptr;
      if (machine->GetEnv(reinterpret_cast<void**>(&java), JNI_VERSION_1_8) != JNI_OK) return "not attached";
      return use_java(java);
    }));
  }
  for (auto& one : found) EXPECT_EQ(one.get(), "");
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 50));
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace preempt

#else

TEST(JniAsync, TasksAttachUseJavaAndDetach) { GTEST_SKIP() << "no JDK here"; }

#endif
