// `otokura admin …`: each kind of thing that is administered is beside this.
#include "client/command/session.h"

namespace otokura::client {

void AddAdmin(CLI::App* app, Session* session) {
  CLI::App* admin = app->add_subcommand("admin", "Administration");
  admin->require_subcommand(1);
  AddAdminAccount(admin, session);
  AddAdminCanary(admin, session);
  AddAdminContract(admin, session);
  AddAdminLog(admin, session);
  AddAdminPolicy(admin, session);
}

}  // namespace otokura::client
