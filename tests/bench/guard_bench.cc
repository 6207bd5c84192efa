// What a decision costs: from a known account, over the policy, to an answer with its reservation in every budget that it touches, as lines
// of JSON; again and again while the ledger grows, to see that it does not cost more with history.
//
//   otokura-guard-bench [--events=1000000] [--accounts=100000] [--contracts=1000]     the ledger lies in $TMPDIR
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "crypto/secret.h"
#include "proto/policy/shipped.h"
#include "server/access/egress/charges.h"
#include "server/access/egress/guard.h"
#include "server/access/gate.h"
#include "server/runtime/fake_clock.h"
#include "server/storage/local/local_engine.h"
#include "tests/bench/measure.h"

namespace otokura::bench {
namespace {

using access::SubjectKind;

constexpr uint64_t kSmallestLedger = 10'000;
constexpr uint64_t kSizeFactor = 10;
constexpr uint64_t kEventsAtOnce = 2'000;  // in one write
constexpr uint64_t kRecordings = 5'000'000;
constexpr uint64_t kCallers = 1'000'000;
constexpr uint64_t kDecisions = 100'000;
constexpr uint64_t kAudioBytes = 500'000;
constexpr size_t kChain = 4;  // contracts above one another
constexpr int kCentres = 20;
constexpr uint64_t kUnlimited = 1'000'000'000'000'000;
const absl::Duration kYear = absl::Hours(24) * 365;

struct Sizes {
  uint64_t events = 1'000'000;
  uint64_t accounts = 100'000;
  uint64_t contracts = 1'000;
};

// Nobody is refused here, so that every decision goes all the way: each window, each measure.
std::vector<v1::Budget> EveryBudget() {
  std::vector<v1::Budget> budgets;
  for (const v1::Window window : access::kWindows) {
    v1::Budget& budget = budgets.emplace_back();
    budget.set_window(window);
    budget.set_recordings(kUnlimited);
    budget.set_callers(kUnlimited);
    budget.set_audio_bytes(kUnlimited);
  }
  return budgets;
}

std::string NameOf(std::string_view what, uint64_t number) { return absl::StrCat(absl::string_view(what.data(), what.size()), number); }
std::string ContractOf(uint64_t account, const Sizes& sizes) { return NameOf("contract-", account % sizes.contracts); }

// A contract and those above it: contracts lie in rows of kChain.
std::vector<std::string> ChainOf(std::string_view contract) {
  uint64_t number = 0;
  (void)absl::SimpleAtoi(absl::string_view(contract.data(), contract.size()).substr(contract.rfind('-') + 1), &number);
  std::vector<std::string> chain;
  for (uint64_t next = number; chain.size() < kChain; --next) {
    chain.push_back(NameOf("contract-", next));
    if (next % kChain == 0) break;
  }
  return chain;
}

std::string Pseudonym(uint64_t caller) {
  std::string pseudonym(16, 'c');
  std::copy_n(reinterpret_cast<const char*>(&caller), sizeof(caller), pseudonym.begin());
  return pseudonym;
}

storage::RecordingId Recording(uint64_t number) {
  std::string random(10, 'r');
  std::copy_n(reinterpret_cast<const char*>(&number), sizeof(number), random.begin());
  return storage::RecordingId::Make(absl::UnixEpoch() + absl::Hours(24 * 365 * 50) + absl::Seconds(number), random);
}

class Ledger {
 public:
  explicit Ledger(const Sizes& sizes) : sizes_(sizes) {
    Demand(crypto::LockSecretMemory());
    std::filesystem::create_directory(folder_ / "data");
    storage::LocalEngineOptions options;
    options.data_dir = folder_ / "data";
    options.create = true;
    engine_ = Demand(storage::OpenLocalEngine(options));
    keys_.emplace(Demand(keys::SiteKeys::Create(Demand(crypto::SecretBytes::Random(32)))));
    Start();
    for (uint64_t account = 0; account < sizes.accounts; ++account) callers_.push_back(MakeCaller(account));
  }

  // Events over a year, the last of them now.
  void GrowTo(uint64_t events) {
    while (counted_ < events) {
      std::vector<std::unique_ptr<storage::LogDraft>> drafts;
      for (uint64_t i = 0; i < kEventsAtOnce && counted_ < events; ++i) drafts.push_back(NextEvent(events));
      Demand(guard_->Add(drafts));
      storage::Batch batch;
      guard_->PutInto(&batch);
      Demand(engine_->records().Commit(batch));
      guard_->Committed();
    }
  }

  // The first decision of each after a start reads what it used from the store; later ones find that in memory.
  void Measure() {
    Start();
    Measure("decision, just started");
    for (const access::Caller& caller : callers_) Release(Reserve(caller, NextAsk()));
    Measure("decision");
  }

  // The control: what of it is no budget's.
  void MeasureRules() {
    Latencies latencies = Time([](const access::Caller&, const access::Ask&, const access::Decision&) { return uint64_t{0}; });
    Line("control: rules without budgets").Add("p50_us", latencies.Percentile(50)).Add("p99_us", latencies.Percentile(99));
  }

 private:
  // A gateway that remembers nothing.
  void Start() {
    guard_ = std::make_unique<access::EgressGuard>(&engine_->records(), &clock_,
                                                   access::WindowClock::Open(engine_->records(), &clock_, "bench"));
    access::BudgetSource budgets;
    budgets.of_role = [](v1::Role) { return EveryBudget(); };
    budgets.of_centre = [](std::string_view) { return EveryBudget(); };
    budgets.of_contract = [](std::string_view) { return EveryBudget(); };
    budgets.chain = ChainOf;
    charges_ = std::make_unique<access::Charges>(guard_.get(), &*keys_, std::move(budgets));
  }

  uint64_t Reserve(const access::Caller& caller, const access::Ask& ask, const access::Decision& decision) {
    const auto draft = access::DraftFor(caller, ask, decision);
    Demand(charges_->Reserve(caller, ask, draft.get()));
    return draft->reservation;
  }
  uint64_t Reserve(const access::Caller& caller, const access::Ask& ask) {
    return Reserve(caller, ask, {true, "allowed", absl::OkStatus()});
  }
  void Release(uint64_t reservation) { charges_->NotStored(reservation); }

  void Measure(std::string_view measure) {
    const Stopwatch all;
    Latencies latencies = Time([this](const access::Caller& caller, const access::Ask& ask, const access::Decision& decision) {
      return Reserve(caller, ask, decision);
    });
    Line(measure)
        .Add("ledger_events", counted_)
        .Add("accounts", sizes_.accounts)
        .Add("contracts", sizes_.contracts)
        .Add("p50_us", latencies.Percentile(50))
        .Add("p99_us", latencies.Percentile(99))
        .Add("p999_us", latencies.Percentile(99.9))
        .Add("cpu_us", all.cpu_seconds() * 1e6 / kDecisions);
  }

  // Of decisions, each with what `then` does once it is allowed; gives back what that reserved.
  template <typename Then>
  Latencies Time(Then then) {
    const std::shared_ptr<const access::Rules> rules = policy::ShippedRules();
    Latencies latencies;
    for (uint64_t i = 0; i < kDecisions; ++i) {
      const access::Caller& caller = callers_[random_() % callers_.size()];
      const access::Ask ask = NextAsk();
      const Stopwatch watch;
      const access::Decision decision = access::Decide(*rules, caller, ask, clock_.Now());
      if (!decision.allowed) Demand(decision.refusal);
      const uint64_t reservation = then(caller, ask, decision);
      latencies.Add(watch);
      if (reservation != 0) Release(reservation);
    }
    return latencies;
  }

  access::Caller MakeCaller(uint64_t number) const {
    auto enrolled = std::make_shared<access::Enrolled>();
    enrolled->account.set_name(NameOf("account-", number));
    enrolled->account.set_person_id(NameOf("person-", number));
    enrolled->account.set_company(NameOf("company-", number % 100));
    enrolled->account.set_role(v1::SUPERVISOR);
    enrolled->account.set_contract(ContractOf(number, sizes_));
    for (int centre = 0; centre < kCentres; ++centre) enrolled->account.add_centres(NameOf("centre-", static_cast<uint64_t>(centre)));
    access::Caller caller;
    caller.enrolled = std::move(enrolled);
    caller.certificate_expiry = absl::InfiniteFuture();
    caller.address = "ipv4:10.1.2.3:40000";
    return caller;
  }

  access::Ask NextAsk() {
    access::Ask ask;
    ask.action = access::Action::kListen;
    ask.resource = access::Resource{Recording(random_() % kRecordings), NameOf("centre-", random_() % kCentres), false};
    ask.justification.set_purpose("quality");
    ask.justification.set_reference("CASE-2026-0042");
    ask.audio_bytes = kAudioBytes;
    ask.caller_pseudonyms = [pseudonym = Pseudonym(random_() % kCallers)] { return std::vector<std::string>{pseudonym}; };
    return ask;
  }

  std::unique_ptr<access::ChargedDraft> NextEvent(uint64_t of_events) {
    auto draft = std::make_unique<access::ChargedDraft>();
    const uint64_t account = random_() % sizes_.accounts;
    access::LedgerEvent event;
    event.at = clock_.Now() - kYear + kYear * (static_cast<double>(counted_) / static_cast<double>(of_events));
    event.audio_bytes = kAudioBytes;
    const auto subject = [&](SubjectKind kind, const std::string& name) {
      event.subjects.push_back(access::SubjectId(kind, name, *keys_));
    };
    subject(SubjectKind::kAccount, NameOf("account-", account));
    subject(SubjectKind::kPerson, NameOf("person-", account));
    for (const std::string& contract : ChainOf(ContractOf(account, sizes_))) subject(SubjectKind::kContract, contract);
    subject(SubjectKind::kCentre, NameOf("centre-", random_() % kCentres));
    event.terms.push_back({access::Measure::kRecordings, std::string(Recording(random_() % kRecordings).bytes())});
    event.terms.push_back({access::Measure::kCallers, Pseudonym(random_() % kCallers)});
    draft->event = std::move(event);
    ++counted_;
    return draft;
  }

  const Sizes sizes_;
  const Folder folder_;
  runtime::FakeClock clock_{absl::FromUnixSeconds(1'775'000'000)};
  std::unique_ptr<storage::Engine> engine_;
  std::optional<keys::SiteKeys> keys_;
  std::unique_ptr<access::EgressGuard> guard_;
  std::unique_ptr<access::Charges> charges_;
  std::vector<access::Caller> callers_;
  std::mt19937_64 random_{20260401};
  uint64_t counted_ = 0;
};

bool ReadOption(std::string_view argument, std::string_view name, uint64_t* value) {
  absl::string_view rest(argument.data(), argument.size());
  if (!absl::ConsumePrefix(&rest, absl::StrCat("--", absl::string_view(name.data(), name.size()), "="))) return false;
  return absl::SimpleAtoi(rest, value) && *value > 0;
}

int Run(int argc, char** argv) {
  Sizes sizes;
  for (int i = 1; i < argc; ++i) {
    if (ReadOption(argv[i], "events", &sizes.events) || ReadOption(argv[i], "accounts", &sizes.accounts) ||
        ReadOption(argv[i], "contracts", &sizes.contracts)) {
      continue;
    }
    std::cerr << "usage: otokura-guard-bench [--events=N] [--accounts=N] [--contracts=N]\n";
    return 2;
  }
  Ledger ledger(sizes);
  ledger.MeasureRules();
  for (uint64_t events = kSmallestLedger; events < sizes.events; events *= kSizeFactor) {
    ledger.GrowTo(events);
    ledger.Measure();
  }
  ledger.GrowTo(sizes.events);
  ledger.Measure();
  return 0;
}

}  // namespace
}  // namespace otokura::bench

int main(int argc, char** argv) { return otokura::bench::Run(argc, argv); }
