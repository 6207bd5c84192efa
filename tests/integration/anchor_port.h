// A witness on a port of this host that can be made to fail in the ways that networks have.
#ifndef OTOKURA_TESTS_INTEGRATION_ANCHOR_PORT_H_
#define OTOKURA_TESTS_INTEGRATION_ANCHOR_PORT_H_

#include <memory>
#include <string>
#include <vector>

#include "client/witness/witness.h"
#include "client/witness/witness_server.h"
#include "otokura/v1/config.pb.h"
#include "tests/integration/pki.h"

namespace otokura::integration {

enum class PortState {
  kAnswers,
  kRefuses,    // nobody listens
  kStalls,     // connections are made and nothing is ever answered
  kBlackHole,  // not even connections are made
};

class WitnessPort {
 public:
  // Answers, for the log of this key.
  explicit WitnessPort(const std::string& log_key);
  ~WitnessPort();
  void Become(PortState state);
  // Mandatory, with a short timeout.
  v1::AnchorConfig Config() const;
  std::string verifier_key() const { return witness_->VerifierKey(); }

 private:
  void StopAll();
  void Serve();
  void ListenOnly(int backlog);

  const TemporaryFolder folder_;
  std::unique_ptr<client::Witness> witness_;
  std::unique_ptr<client::WitnessServer> server_;
  std::string address_ = "127.0.0.1:0";
  std::vector<int> sockets_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_ANCHOR_PORT_H_
