// Doubly linked list through the nodes' own links.
#ifndef PREEMPT_BASE_LIST_H_
#define PREEMPT_BASE_LIST_H_

#include <cstddef>

namespace preempt::base {

// `Links` names the two members: struct { static T*& next(T&); static T*& prev(T&); }. Not thread safe.
template <class T, class Links>
class List {
 public:
  bool empty() const { return head_ == nullptr; }
  std::size_t size() const { return size_; }
  T* front() const { return head_; }
  T* back() const { return tail_; }

  void push_back(T* node) { link(tail_, node, nullptr); }
  void push_front(T* node) { link(nullptr, node, head_); }

  T* pop_front() {
    T* const node = head_;
    if (node == nullptr) return nullptr;
    head_ = Links::next(*node);
    (head_ == nullptr ? tail_ : Links::prev(*head_)) = nullptr;
    --size_;
    Links::next(*node) = nullptr;
    return node;
  }

  // The first `count` nodes, as a chain linked by `next`. Writes none of them but the last: they may be far away, in
  // another cpu's cache. 1 <= count <= size().
  T* take_front(std::size_t count) {
    T* const first = head_;
    T* last = first;
    for (std::size_t i = 1; i < count; ++i) last = Links::next(*last);
    head_ = Links::next(*last);
    (head_ == nullptr ? tail_ : Links::prev(*head_)) = nullptr;
    Links::next(*last) = nullptr;
    size_ -= count;
    return first;
  }

  void remove(T* node) {
    T* const next = Links::next(*node);
    T* const prev = Links::prev(*node);
    (prev == nullptr ? head_ : Links::next(*prev)) = next;
    (next == nullptr ? tail_ : Links::prev(*next)) = prev;
    Links::next(*node) = Links::prev(*node) = nullptr;
    --size_;
  }

 private:
  void link(T* prev, T* node, T* next) {
    Links::prev(*node) = prev;
    Links::next(*node) = next;
    (prev == nullptr ? head_ : Links::next(*prev)) = node;
    (next == nullptr ? tail_ : Links::prev(*next)) = node;
    ++size_;
  }

  T* head_ = nullptr;
  T* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace preempt::base

#endif  // PREEMPT_BASE_LIST_H_
