#include "database.h"

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>
#include <stdlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>

namespace preempt::bench {
namespace {

void require(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

using Key = std::array<char, 17>;  // with the final zero

Key key_of(std::uint64_t index) {
  Key key;
  std::snprintf(key.data(), key.size(), "%016llx", static_cast<unsigned long long>(index));
  return key;
}

rocksdb::Slice slice_of(const Key& key) { return {key.data(), key.size() - 1}; }

// A multiplier of Knuth's: neighbours go far apart.
std::uint64_t scattered(std::uint64_t number) { return number * 0x9e3779b97f4a7c15u >> 32; }

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string folder = (std::filesystem::temp_directory_path() / "preempt-rocksdb-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::system_error(errno, std::generic_category(), folder);
  path_ = folder;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Database::Database(int keys, int value_size) : keys_(keys) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* database = nullptr;
  require(rocksdb::DB::Open(options, folder_.path().string(), &database));
  database_.reset(database);
  fill(value_size);
  scan(0, keys_);
}

void Database::fill(int value_size) {
  std::mt19937_64 random(1);
  std::string value(static_cast<std::size_t>(value_size), '\0');
  for (int i = 0; i < keys_; ++i) {
    for (char& c : value) c = static_cast<char>(random() >> 56);
    const Key key = key_of(static_cast<std::uint64_t>(i));
    require(database_->Put(rocksdb::WriteOptions(), slice_of(key), value));
  }
  require(database_->Flush(rocksdb::FlushOptions()));
  require(database_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr));
}

void Database::get(std::uint64_t number) const {
  const Key key = key_of(scattered(number) % static_cast<std::uint64_t>(keys_));
  std::string value;
  require(database_->Get(rocksdb::ReadOptions(), slice_of(key), &value));
}

void Database::scan(std::uint64_t number, int keys) const {
  const Key first = key_of(scattered(number) % static_cast<std::uint64_t>(keys_ - keys + 1));
  const std::unique_ptr<rocksdb::Iterator> position(database_->NewIterator(rocksdb::ReadOptions()));
  int found = 0;
  for (position->Seek(slice_of(first)); position->Valid() && found < keys; position->Next()) ++found;
  require(position->status());
  if (found != keys) throw std::runtime_error("RocksDB: a scan has not found every key");
}

}  // namespace preempt::bench
