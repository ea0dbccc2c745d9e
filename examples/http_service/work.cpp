#include "work.h"

#include <iomanip>
#include <map>
#include <regex>
#include <sstream>

namespace http_service {
namespace {

std::string write_log(int lines) {
  static constexpr const char* kMethods[] = {"GET", "PUT", "POST"};
  std::ostringstream log;
  log << std::fixed << std::setprecision(3);
  for (int line = 0; line < lines; ++line) {
    log << 1'700'000'000 + line << ' ' << kMethods[line % 3] << " /item/" << line % 7 << ' ' << (line % 11 ? 200 : 503)
        << ' ' << 0.25 * (line % 97) << "ms\n";
  }
  return log.str();
}

struct Sum {
  int requests = 0;
  int failures = 0;
  double ms = 0;
};

std::map<std::string, Sum> sum_up(const std::string& log) {
  const std::regex line_pattern(R"((\d+) (\w+) (/\S+) (\d{3}) ([\d.]+)ms)");
  std::map<std::string, Sum> sums;
  std::istringstream lines(log);
  std::smatch fields;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, fields, line_pattern)) continue;
    Sum& sum = sums[fields[2].str() + ' ' + fields[3].str()];
    ++sum.requests;
    sum.failures += fields[4] != "200";
    sum.ms += std::stod(fields[5].str());
  }
  return sums;
}

}  // namespace

std::string report(int lines) {
  std::ostringstream page;
  page << std::left << std::setw(20) << "resource" << std::right << std::setw(10) << "requests" << std::setw(10)
       << "failures" << std::setw(12) << "mean ms" << '\n';
  page << std::fixed << std::setprecision(3);
  for (const auto& [resource, sum] : sum_up(write_log(lines))) {
    page << std::left << std::setw(20) << resource << std::right << std::setw(10) << sum.requests << std::setw(10)
         << sum.failures << std::setw(12) << sum.ms / sum.requests << '\n';
  }
  return page.str();
}

}  // namespace http_service
