#include "report.h"

#include <cmath>

#include "support/markdown.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

double median_of_known(std::vector<double> samples) {
  std::erase_if(samples, [](double sample) { return std::isnan(sample); });
  return median(std::move(samples));
}

std::string quantile_text(std::size_t quantile) {
  char text[32];
  std::snprintf(text, sizeof text, "p%g", 100 * kQuantiles[quantile]);
  return text;
}

struct Values {
  std::vector<double> latencies, slowdowns;  // the former in nanoseconds
};

Values values_of(const Plan& plan, const std::vector<Nanoseconds>& completions, int request_class) {
  Values values;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].request_class != request_class) continue;
    const auto latency = static_cast<double>(completions[i] - plan[i].arrival);
    values.latencies.push_back(latency);
    values.slowdowns.push_back(latency / static_cast<double>(plan[i].service));
  }
  return values;
}

}  // namespace

void Report::add(const std::string& scheduler, const Plan& plan, const std::vector<Nanoseconds>& completions,
                 double cpu_per_work) {
  const std::size_t classes = mixture_.classes().size();
  const auto [found, is_new] = rows_.try_emplace(scheduler);
  Row& row = found->second;
  if (is_new) {
    order_.push_back(scheduler);
    for (auto& each : row.classes) each.resize(classes);
  }
  row.cpu_per_work.push_back(cpu_per_work);
  for (std::size_t i = 0; i < classes; ++i) {
    const Values values = values_of(plan, completions, static_cast<int>(i));
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
      row.classes[0][i][q].push_back(quantile(values.latencies, kQuantiles[q]) / unit_.nanoseconds);
      row.classes[1][i][q].push_back(quantile(values.slowdowns, kQuantiles[q]));
    }
  }
}

const std::vector<double>& Report::samples(const std::string& scheduler, std::size_t request_class, Measure measure,
                                           std::size_t quantile) const {
  return rows_.at(scheduler).classes[static_cast<std::size_t>(measure)][request_class][quantile];
}

double Report::figure(const std::string& scheduler, std::size_t request_class, Measure measure,
                      std::size_t quantile) const {
  return median_of_known(samples(scheduler, request_class, measure, quantile));
}

std::vector<std::string> Report::header(const std::string& first) const {
  std::vector<std::string> header = {first};
  for (const RequestClass& each : mixture_.classes()) {
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
      header.push_back(each.name + " " + quantile_text(q));
    }
  }
  return header;
}

std::vector<std::string> Report::cells(const std::string& scheduler, Measure measure) const {
  std::vector<std::string> cells = {scheduler};
  for (std::size_t i = 0; i < mixture_.classes().size(); ++i) {
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) cells.push_back(number(figure(scheduler, i, measure, q)));
  }
  return cells;
}

void Report::print_latencies(std::FILE* out, const std::string& ideal, const std::string& sharing) const {
  const std::size_t shortest = mixture_.shortest_class(), longest = mixture_.longest_class();
  std::vector<std::string> titles = header(std::string("latency in ") + unit_.name);
  titles.push_back(mixture_.classes()[shortest].name + " p99 / ideal");
  titles.push_back(mixture_.classes()[longest].name + " p50 / sharing");
  titles.push_back("cpu / work");
  MarkdownTable table(std::move(titles));
  const auto latency = [this](const std::string& scheduler, std::size_t request_class, std::size_t q) {
    return figure(scheduler, request_class, Measure::kLatency, q);
  };
  for (const std::string& scheduler : order_) {
    std::vector<std::string> row = cells(scheduler, Measure::kLatency);
    row.push_back(number(latency(scheduler, shortest, kP99) / latency(ideal, shortest, kP99)) + "x");
    row.push_back(number(latency(scheduler, longest, kMedian) / latency(sharing, longest, kMedian)) + "x");
    row.push_back(number(median_of_known(rows_.at(scheduler).cpu_per_work)));
    table.add(std::move(row));
  }
  table.print(out);
}

void Report::print_slowdowns(std::FILE* out) const {
  MarkdownTable table(header("latency / service time"));
  for (const std::string& scheduler : order_) table.add(cells(scheduler, Measure::kSlowdown));
  table.print(out);
}

void Report::write(SamplesFile& file, const std::string& workload) const {
  for (const std::string& scheduler : order_) {
    for (std::size_t i = 0; i < mixture_.classes().size(); ++i) {
      for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
        const std::string metric = mixture_.classes()[i].name + " " + quantile_text(q);
        for (const double sample : samples(scheduler, i, Measure::kLatency, q)) {
          file.add(workload, scheduler, metric, unit_.name, Better::kLower, sample);
        }
        for (const double sample : samples(scheduler, i, Measure::kSlowdown, q)) {
          file.add(workload, scheduler, metric + " slowdown", "", Better::kLower, sample);
        }
      }
    }
    for (const double sample : rows_.at(scheduler).cpu_per_work) {
      file.add(workload, scheduler, "cpu / work", "", Better::kLower, sample);
    }
  }
}

}  // namespace preempt::bench
