#include "tests/integration/anchor_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "client/witness/witness_folder.h"

namespace otokura::integration {
namespace {

constexpr int kConnectionsToFill = 8;  // more than the shortest queue of the system takes

void Must(bool done, const char* what) {
  if (done) return;
  std::cerr << what << ": " << std::strerror(errno) << "\n";
  std::abort();
}

sockaddr_in AddressOf(const std::string& address) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return where;
}

}  // namespace

WitnessPort::WitnessPort(const std::string& log_key) {
  const client::WitnessFolder folder(folder_.path() + "/witness");
  Must(folder.Create("witness.example/w1").ok() && folder.AddLog(log_key).ok(), "witness folder");
  auto witness = client::Witness::Open(folder_.path() + "/witness", absl::Now);
  Must(witness.ok(), "witness");
  witness_ = *std::move(witness);
  Become(PortState::kAnswers);
}

WitnessPort::~WitnessPort() { StopAll(); }

void WitnessPort::StopAll() {
  server_.reset();
  for (const int socket : sockets_) close(socket);
  sockets_.clear();
}

void WitnessPort::Serve() {
  auto server = client::WitnessServer::Listen({.address = address_}, witness_.get());
  Must(server.ok(), "witness server");
  server_ = *std::move(server);
  address_ = server_->address();
}

void WitnessPort::ListenOnly(int backlog) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  const sockaddr_in where = AddressOf(address_);
  Must(listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0, "socket");
  Must(bind(listener, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 && listen(listener, backlog) == 0, "listen");
  sockets_.push_back(listener);
}

void WitnessPort::Become(PortState state) {
  StopAll();
  if (state == PortState::kAnswers) return Serve();
  if (state == PortState::kRefuses) return;
  if (state == PortState::kStalls) return ListenOnly(SOMAXCONN);
  ListenOnly(0);
  const sockaddr_in where = AddressOf(address_);
  for (int i = 0; i < kConnectionsToFill; ++i) {
    sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    connect(sockets_.back(), reinterpret_cast<const sockaddr*>(&where), sizeof where);  // what does not fit is never answered
  }
}

v1::AnchorConfig WitnessPort::Config() const {
  v1::AnchorConfig config;
  config.set_name("witness");
  config.set_mandatory(true);
  config.set_timeout_ms(500);
  config.mutable_witness()->set_url("http://" + address_);
  config.mutable_witness()->set_verifier_key(verifier_key());
  return config;
}

}  // namespace otokura::integration
