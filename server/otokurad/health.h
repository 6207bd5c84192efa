// What the gateway can do now, by name, for grpc.health.v1.
#ifndef OTOKURA_SERVER_OTOKURAD_HEALTH_H_
#define OTOKURA_SERVER_OTOKURAD_HEALTH_H_

namespace otokura::gateway {

// Beside the empty name, the gateway as a whole: it takes calls in.
inline constexpr char kReleaseHealth[] = "otokura.release";  // recordings can be heard: log and anchors let them
inline constexpr char kAnchorsHealth[] = "otokura.anchors";  // an anchor off this host has the log, within the lag limit
inline constexpr char kAlertsHealth[] =
    "otokura.alerts";  // somebody is told of incidents: every alert that the policy's ladder names is there

}  // namespace otokura::gateway

#endif  // OTOKURA_SERVER_OTOKURAD_HEALTH_H_
