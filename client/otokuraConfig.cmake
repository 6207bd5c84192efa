# find_package(otokura): gives otokura::client, the library of recorder.h, archive.h, audit_log.h and accounts.h.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(absl)
find_dependency(OpenSSL)
find_dependency(Protobuf)
find_dependency(gRPC)
include("${CMAKE_CURRENT_LIST_DIR}/otokuraTargets.cmake")
