#include "client/command/otokura.h"

#include <CLI/CLI.hpp>
#include <string>

#include "client/command/exit_code.h"
#include "client/command/session.h"

namespace otokura::client {
namespace {

constexpr char kAbout[] =
    "otokura: call recordings, kept encrypted by a gateway.\n"
    "\n"
    "The gateway and our certificate come from the options, or from OTOKURA_GATEWAY, OTOKURA_CA, OTOKURA_CERTIFICATE and OTOKURA_KEY.\n"
    "Times are RFC 3339 (2026-04-01T09:30:00+09:00) or a date in local time.";

void AddGlobalOptions(CLI::App* app, Session* session) {
  app->add_option("--gateway", session->connection.gateway, "host:port of the gateway")->envname("OTOKURA_GATEWAY");
  app->add_option("--ca", session->connection.ca_file, "PEM file: the authority of all certificates")->envname("OTOKURA_CA");
  app->add_option("--certificate", session->connection.certificate_file, "PEM file: our certificate")->envname("OTOKURA_CERTIFICATE");
  app->add_option("--key", session->connection.private_key_file, "PEM file: its private key")->envname("OTOKURA_KEY");
  app->add_flag("--json", session->json, "print JSON, one object a line");
}

}  // namespace

int RunOtokura(int argc, const char* const* argv) {
  CLI::App app{kAbout};
  Session session;
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(Footer("otokura search --pension-number 1234-567890 --purpose inquiry --reference CASE-1001"));
  AddGlobalOptions(&app, &session);
  AddRecord(&app, &session);
  AddWatch(&app, &session);
  AddSearch(&app, &session);
  AddShow(&app, &session);
  AddListen(&app, &session);
  AddGet(&app, &session);
  AddGrant(&app, &session);
  AddCase(&app, &session);
  AddExport(&app, &session);
  AddAudit(&app, &session);
  AddAdmin(&app, &session);
  AddIncident(&app, &session);
  AddWitness(&app, &session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return session.run();
}

}  // namespace otokura::client
