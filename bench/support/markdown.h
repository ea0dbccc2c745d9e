// Prints Markdown tables that are also readable as plain text.
#ifndef PREEMPT_BENCH_SUPPORT_MARKDOWN_H_
#define PREEMPT_BENCH_SUPPORT_MARKDOWN_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace preempt::bench {

// `value` with two digits after the point, fewer where it is large; "-" for NaN.
inline std::string number(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", size < 10 ? 2 : size < 100 ? 1 : 0, value);
  return text;
}

// The first column is left-aligned, the others right-aligned.
class MarkdownTable {
 public:
  explicit MarkdownTable(std::vector<std::string> header) : rows_{std::move(header)} {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  void print(std::FILE* out) const {
    const std::vector<std::size_t> widths = column_widths();
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      print_row(out, rows_[row], widths);
      if (row == 0) print_rule(out, widths);
    }
  }

 private:
  std::vector<std::size_t> column_widths() const {
    std::vector<std::size_t> widths(rows_[0].size(), 3);
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < widths.size() && i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    return widths;
  }

  static void print_row(std::FILE* out, const std::vector<std::string>& row, const std::vector<std::size_t>& widths) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const int width = static_cast<int>(widths[i]);
      std::fprintf(out, i == 0 ? "| %-*s " : "| %*s ", width, i < row.size() ? row[i].c_str() : "");
    }
    std::fputs("|\n", out);
  }

  static void print_rule(std::FILE* out, const std::vector<std::size_t>& widths) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      std::fprintf(out, "|%s%s", std::string(widths[i] + 1, '-').c_str(), i == 0 ? "-" : ":");
    }
    std::fputs("|\n", out);
  }

  std::vector<std::vector<std::string>> rows_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_MARKDOWN_H_
