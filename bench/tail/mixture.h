// Which requests there are, and how many of each.
#ifndef PREEMPT_BENCH_TAIL_MIXTURE_H_
#define PREEMPT_BENCH_TAIL_MIXTURE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace preempt::bench {

using Nanoseconds = std::int64_t;

// Requests whose figures are given together.
struct RequestClass {
  std::string name;
  double share = 0;         // of the requests; the shares of a mixture add up to 1
  Nanoseconds service = 0;  // of each; of a continuous distribution, the median of the class
};

// Either classes of equal requests, or one continuous distribution that its quantiles divide into classes: a share of
// 0.5 first means the shorter half. So the share of the requests that are no longer tells the class as well.
class Mixture {
 public:
  Mixture(std::initializer_list<RequestClass> classes) : Mixture("", std::vector<RequestClass>(classes)) {}

  Mixture(std::string name, std::vector<RequestClass> classes) : name_(std::move(name)), classes_(std::move(classes)) {
    for (const RequestClass& each : classes_) mean_service_ += each.share * static_cast<double>(each.service);
  }

  // `quantile(u)` in nanoseconds, and the mean of it. The classes, the shortest first, need no service time.
  Mixture(std::string name, std::vector<RequestClass> classes, std::function<double(double)> quantile, double mean)
      : name_(std::move(name)), classes_(std::move(classes)), quantile_(std::move(quantile)), mean_service_(mean) {
    double shorter = 0;
    for (RequestClass& each : classes_) {
      each.service = static_cast<Nanoseconds>(quantile_(shorter + each.share / 2));
      shorter += each.share;
    }
  }

  const std::string& name() const { return name_; }
  const std::vector<RequestClass>& classes() const { return classes_; }
  double mean_service() const { return mean_service_; }

  std::size_t class_of(double u) const {
    std::size_t found = 0;
    for (u -= classes_[0].share; u >= 0 && found + 1 < classes_.size();) u -= classes_[++found].share;
    return found;
  }

  Nanoseconds service(double u) const {
    return quantile_ ? std::max<Nanoseconds>(1, static_cast<Nanoseconds>(quantile_(u))) : classes_[class_of(u)].service;
  }

  std::size_t shortest_class() const {
    return static_cast<std::size_t>(std::min_element(classes_.begin(), classes_.end(), by_service) - classes_.begin());
  }
  std::size_t longest_class() const {
    return static_cast<std::size_t>(std::max_element(classes_.begin(), classes_.end(), by_service) - classes_.begin());
  }

 private:
  static bool by_service(const RequestClass& a, const RequestClass& b) { return a.service < b.service; }

  std::string name_;
  std::vector<RequestClass> classes_;
  std::function<double(double)> quantile_;
  double mean_service_ = 0;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_MIXTURE_H_
