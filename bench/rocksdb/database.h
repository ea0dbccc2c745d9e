// A database of RocksDB that lives as long as the object, in a temporary folder.
#ifndef PREEMPT_BENCH_ROCKSDB_DATABASE_H_
#define PREEMPT_BENCH_ROCKSDB_DATABASE_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <filesystem>
#include <memory>

namespace preempt::bench {

// Removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// With RocksDB's own defaults for everything. Written once, compacted and read once, so that what is not in RocksDB's
// cache is in the kernel's. Throws std::runtime_error when RocksDB fails. Reading is safe from any number of threads.
class Database {
 public:
  Database(int keys, int value_size);

  // Reads one key, chosen by `number`.
  void get(std::uint64_t number) const;
  // Reads so many keys in order, not more than there are, from one on that `number` chooses.
  void scan(std::uint64_t number, int keys) const;

 private:
  void fill(int value_size);

  const int keys_;
  TemporaryFolder folder_;  // outlives the database
  std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_ROCKSDB_DATABASE_H_
