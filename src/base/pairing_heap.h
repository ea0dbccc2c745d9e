// Priority queue through the nodes' own links.
#ifndef PREEMPT_BASE_PAIRING_HEAP_H_
#define PREEMPT_BASE_PAIRING_HEAP_H_

namespace preempt::base {

// Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap" (Algorithmica 1, 1986): push in O(1), pop and remove in
// O(log n) amortized, no memory of its own. `Links` names three members and the order:
// struct { static T*& child(T&); static T*& next(T&); static T*& prev(T&); static bool before(const T&, const T&); }.
// Not thread safe.
template <class T, class Links>
class PairingHeap {
 public:
  bool empty() const { return root_ == nullptr; }
  T* top() const { return root_; }

  void push(T* node) {
    Links::child(*node) = Links::next(*node) = Links::prev(*node) = nullptr;
    root_ = root_ == nullptr ? node : meld(root_, node);
  }

  void remove(T* node) {
    T* const below = merge_siblings(Links::child(*node));
    if (node == root_) {
      root_ = below;
    } else {
      T* const prev = Links::prev(*node);
      T* const next = Links::next(*node);
      (Links::child(*prev) == node ? Links::child(*prev) : Links::next(*prev)) = next;
      if (next != nullptr) Links::prev(*next) = prev;
      if (below != nullptr) root_ = meld(root_, below);
    }
    Links::child(*node) = Links::next(*node) = Links::prev(*node) = nullptr;
  }

 private:
  // Both are roots. The later one becomes the first child of the other.
  static T* meld(T* a, T* b) {
    if (Links::before(*b, *a)) {
      T* const swapped = a;
      a = b;
      b = swapped;
    }
    T* const sibling = Links::child(*a);
    Links::next(*b) = sibling;
    Links::prev(*b) = a;  // of a first child, `prev` is the parent
    if (sibling != nullptr) Links::prev(*sibling) = b;
    Links::child(*a) = b;
    return a;
  }

  // In pairs from the left, then all of them from the right; without recursion, since there may be many.
  static T* merge_siblings(T* first) {
    T* pairs = nullptr;
    while (first != nullptr) {
      T* const second = Links::next(*first);
      T* const rest = second == nullptr ? nullptr : Links::next(*second);
      T* const pair = second == nullptr ? detached(first) : meld(detached(first), detached(second));
      Links::next(*pair) = pairs;
      pairs = pair;
      first = rest;
    }
    T* root = nullptr;
    while (pairs != nullptr) {
      T* const pair = pairs;
      pairs = Links::next(*pair);
      Links::next(*pair) = nullptr;
      root = root == nullptr ? pair : meld(root, pair);
    }
    return root;
  }

  static T* detached(T* node) {
    Links::next(*node) = Links::prev(*node) = nullptr;
    return node;
  }

  T* root_ = nullptr;
};

}  // namespace preempt::base

#endif  // PREEMPT_BASE_PAIRING_HEAP_H_
