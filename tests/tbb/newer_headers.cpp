// What a program imports that was built with newer headers of oneTBB than the library implements.
namespace tbb::detail {
namespace d1 {
class task;
}
namespace r1 {
d1::task* current_task_ptr();
}
}  // namespace tbb::detail

int main() { return tbb::detail::r1::current_task_ptr() == nullptr; }
