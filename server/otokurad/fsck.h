// `otokurad fsck`: is what is stored what was sealed and logged? Beside no running gateway; read-only, but for what is to be rebuilt.
#ifndef OTOKURA_SERVER_OTOKURAD_FSCK_H_
#define OTOKURA_SERVER_OTOKURAD_FSCK_H_

#include <string>

namespace otokura::gateway {

struct FsckArguments {
  std::string config_path;
  bool deep = false;
  bool rebuild_index = false;   // of the log, before anything is checked
  bool rebuild_ledger = false;  // of what left, likewise
  bool json = false;
};

// Prints each finding and a summary to standard output. An exit code.
int Fsck(const FsckArguments& arguments);

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_FSCK_H_
