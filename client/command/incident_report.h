// The first report of a leak to the authority, as far as gateway and log know the facts.
#ifndef OTOKURA_CLIENT_COMMAND_INCIDENT_REPORT_H_
#define OTOKURA_CLIENT_COMMAND_INCIDENT_REPORT_H_

#include <string>

#include "nlohmann/json.hpp"
#include "otokura/incidents.h"

namespace otokura::client {

// In the order in which article 8 of the enforcement rules of the Act on the Protection of Personal Information asks for them; what is not
// known is said to be unknown, for a person to fill in.
std::string ReportText(const IncidentReport& report);
// The facts alone, without the incident.
nlohmann::json ReportJson(const IncidentReport& report);

}  // namespace otokura::client

#endif  // OTOKURA_CLIENT_COMMAND_INCIDENT_REPORT_H_
