// Which interface this is: that of the headers it was built with.
#include "headers.h"

extern "C" {

const char* TBB_runtime_version() { return TBB_VERSION_STRING; }
int TBB_runtime_interface_version() { return TBB_INTERFACE_VERSION; }

}  // extern "C"
