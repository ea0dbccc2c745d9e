// Every state that a small model can reach, and whether something is wrong in one of them.
#ifndef PREEMPT_TESTS_SUPPORT_MODEL_CHECKER_H_
#define PREEMPT_TESTS_SUPPORT_MODEL_CHECKER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace preempt::testing {

struct Exploration {
  std::size_t states = 0;
  std::size_t steps = 0;
  std::string violation;           // empty: nothing is wrong
  std::vector<std::string> trace;  // the steps of a shortest way there
};

// Breadth first, so that the way to a violation is a shortest one. A Model has
//   State                            plain bytes without padding
//   State initial() const
//   successors(state, emit) const    calls emit(next, step, violation) for each possible step; null: nothing is wrong
//   describe(step) const             a step, which is a number, in words
//   goals(), is_goal(goal, state)    from every state each goal can still be reached, or something is stuck
template <class Model>
class ModelChecker {
 public:
  using State = typename Model::State;
  static_assert(std::has_unique_object_representations_v<State>, "states are compared and hashed by their bytes");

  explicit ModelChecker(const Model& model) : model_(model) {}

  Exploration explore() {
    add(model_.initial(), kNone, 0);
    for (std::uint32_t at = 0; at < states_.size() && result_.violation.empty(); ++at) expand(at);
    if (result_.violation.empty()) find_the_stuck();
    result_.states = states_.size();
    result_.steps = edges_.size();
    return std::move(result_);
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Hash {
    std::size_t operator()(const State& state) const {
      return std::hash<std::string_view>()({reinterpret_cast<const char*>(&state), sizeof(State)});
    }
  };
  struct Origin {
    std::uint32_t from;
    std::uint32_t step;
  };

  std::uint32_t add(const State& state, std::uint32_t from, std::uint32_t step) {
    const auto [place, is_new] = numbers_.try_emplace(state, static_cast<std::uint32_t>(states_.size()));
    if (is_new) {
      states_.push_back(state);
      origins_.push_back({from, step});
    }
    return place->second;
  }

  void expand(std::uint32_t at) {
    const State state = states_[at];
    model_.successors(state, [&](const State& next, std::uint32_t step, const char* violation) {
      if (violation != nullptr && result_.violation.empty()) fail(violation, at, step);
      edges_.emplace_back(add(next, at, step), at);
    });
  }

  // Backwards from the states in which a goal is reached: what is not met on the way cannot reach it.
  void find_the_stuck() {
    std::sort(edges_.begin(), edges_.end());
    for (int goal = 0; goal < model_.goals(); ++goal) {
      std::vector<bool> can_reach(states_.size());
      std::vector<std::uint32_t> open;
      for (std::uint32_t i = 0; i < states_.size(); ++i) {
        if (model_.is_goal(goal, states_[i])) visit(i, can_reach, open);
      }
      while (!open.empty()) {
        const std::uint32_t to = open.back();
        open.pop_back();
        auto edge = std::lower_bound(edges_.begin(), edges_.end(), std::pair{to, std::uint32_t{0}});
        for (; edge != edges_.end() && edge->first == to; ++edge) visit(edge->second, can_reach, open);
      }
      const auto stuck = std::find(can_reach.begin(), can_reach.end(), false);
      if (stuck == can_reach.end()) continue;
      return fail("goal " + std::to_string(goal) + " cannot be reached any more",
                  static_cast<std::uint32_t>(stuck - can_reach.begin()), kNone);
    }
  }

  static void visit(std::uint32_t state, std::vector<bool>& seen, std::vector<std::uint32_t>& open) {
    if (seen[state]) return;
    seen[state] = true;
    open.push_back(state);
  }

  void fail(std::string violation, std::uint32_t at, std::uint32_t last_step) {
    result_.violation = std::move(violation);
    if (last_step != kNone) result_.trace.push_back(model_.describe(last_step));
    for (; origins_[at].from != kNone; at = origins_[at].from) {
      result_.trace.push_back(model_.describe(origins_[at].step));
    }
    std::reverse(result_.trace.begin(), result_.trace.end());
  }

  const Model& model_;
  Exploration result_;
  std::vector<State> states_;
  std::vector<Origin> origins_;
  std::unordered_map<State, std::uint32_t, Hash> numbers_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;  // to, from
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_MODEL_CHECKER_H_
