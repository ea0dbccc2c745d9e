#include "base/pairing_heap.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <utility>

#include "support/scale.h"
#include "support/seed.h"

namespace preempt::base {
namespace {

struct Node {
  std::uint64_t key = 0;
  Node* child = nullptr;
  Node* next = nullptr;
  Node* prev = nullptr;
};
struct Links {
  static Node*& child(Node& node) { return node.child; }
  static Node*& next(Node& node) { return node.next; }
  static Node*& prev(Node& node) { return node.prev; }
  static bool before(const Node& a, const Node& b) { return a.key < b.key; }
};

TEST(PairingHeap, AgreesWithASetUnderRandomUse) {
  testing::Random random(testing::choose_seed());
  PairingHeap<Node, Links> heap;
  std::deque<Node> nodes(1000);
  std::vector<Node*> outside, inside;
  for (Node& node : nodes) outside.push_back(&node);
  std::multiset<std::uint64_t> model;
  const int steps = testing::scaled(300'000);
  for (int i = 0; i < steps; ++i) {
    const std::uint64_t what = random.below(5);
    if (what < 3 && !outside.empty()) {
      Node* node = outside.back();
      outside.pop_back();
      node->key = random.below(500);
      heap.push(node);
      model.insert(node->key);
      inside.push_back(node);
    } else if (!inside.empty()) {
      std::size_t which = random.below(inside.size());
      if (what == 3) {
        while (inside[which] != heap.top()) which = (which + 1) % inside.size();
      }
      Node* node = inside[which];
      heap.remove(node);
      model.erase(model.find(node->key));
      std::swap(inside[which], inside.back());
      inside.pop_back();
      outside.push_back(node);
    }
    ASSERT_EQ(heap.empty(), model.empty());
    if (!model.empty()) {
      ASSERT_EQ(heap.top()->key, *model.begin());
    }
  }
}

}  // namespace
}  // namespace preempt::base
