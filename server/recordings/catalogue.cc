#include "server/recordings/catalogue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/recordings/integrity.h"
#include "server/recordings/limits.h"
#include "server/recordings/pseudonyms.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"
#include "server/recordings/search.h"

namespace otokura::recordings {
namespace {

using storage::RecordingId;
using SearchDone = std::function<void(absl::StatusOr<v1::SearchResponse>)>;
using ShowDone = std::function<void(absl::StatusOr<v1::ShowResponse>)>;

// Past every id that is made: the last millisecond that an id can name, in the year 10889.
RecordingId EndOfTime() { return RecordingId::FirstAt(absl::InfiniteFuture()); }

std::string CodeName(const absl::Status& status) { return absl::StatusCodeToString(status.code()); }

// Whether it is for calls that the caller itself answered.
bool IsOwnAgent(const SearchTerm& term, const access::Caller& caller) {
  const auto agent = crypto::Normalise(crypto::IndexField::kAgent, caller.account().agent());
  return term.field == crypto::IndexField::kAgent && agent.ok() && *agent == term.normalised;
}

// What a page token is good for: this search by this account, whatever the page size and the reason given.
std::string QueryOf(const v1::SearchRequest& request, const access::Caller& caller) {
  v1::SearchRequest query = request;
  query.clear_page_token();
  query.clear_page_size();
  query.clear_justification();
  return absl::StrCat(caller.account().name(), "\n", query.SerializeAsString());
}

absl::Status CheckSearch(const v1::SearchRequest& request) {
  if (request.page_size() > kPageRowsMax)
    return absl::InvalidArgumentError(absl::StrCat("page_size: ", request.page_size(), "; at most ", kPageRowsMax));
  if (request.from_unix_ms() < 0 || request.to_unix_ms() < 0) return absl::InvalidArgumentError("from_unix_ms, to_unix_ms: before 1970");
  if (request.to_unix_ms() != 0 && request.to_unix_ms() <= request.from_unix_ms()) {
    return absl::InvalidArgumentError("to_unix_ms: must be after from_unix_ms");
  }
  if (request.centre().size() > kNameBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("centre: longer than ", kNameBytesMax, " bytes"));
  if (request.queue().size() > kNameBytesMax)
    return absl::InvalidArgumentError(absl::StrCat("queue: longer than ", kNameBytesMax, " bytes"));
  if (!request.queue().empty() && request.centre().empty())
    return absl::InvalidArgumentError("queue: needs centre; queues belong to a centre");
  return absl::OkStatus();
}

// What of the personal metadata somebody sees, under the policy that the release was decided by.
struct Sight {
  std::shared_ptr<const access::Rules> rules;
  v1::Role role;
  bool personal;  // any of it

  v1::PersonalMetadata Keep(v1::PersonalMetadata metadata) const {
    if (!rules->Sees(role, v1::CALL_ID)) metadata.clear_call_id();
    if (!rules->Sees(role, v1::CALLER_NUMBER)) metadata.clear_caller_number();
    if (!rules->Sees(role, v1::BASIC_PENSION_NUMBER)) metadata.clear_basic_pension_number();
    if (!rules->Sees(role, v1::AGENT)) metadata.clear_agent();
    if (!rules->SeesNotes(role)) metadata.clear_notes();
    return metadata;
  }
};

class CatalogueImpl : public Catalogue {
 public:
  explicit CatalogueImpl(const Site& site) : site_(site) {}
  void Search(access::Caller caller, v1::SearchRequest request, SearchDone done) override;
  void Show(access::Caller caller, v1::ShowRequest request, ShowDone done) override;

 private:
  absl::StatusOr<SearchPlan> PlanFor(const access::Rules& rules, const access::Caller& caller, const v1::SearchRequest& request) const;
  void SearchLogged(const access::Caller& caller, const v1::SearchRequest& request, const SearchPlan& plan, uint64_t sequence,
                    SearchDone done);
  absl::StatusOr<v1::ShowResponse> Opened(const StoredRecord& stored, const keys::ReleasePermit& permit, const Sight& sight) const;

  template <typename Response>
  void CloseThenAnswer(const access::Caller& caller, access::Gate::Delivered delivered, absl::StatusOr<Response> response,
                       std::function<void(absl::StatusOr<Response>)> done);

  const Site site_;
};

// The answer leaves only when its closing entry is durable.
template <typename Response>
void CatalogueImpl::CloseThenAnswer(const access::Caller& caller, access::Gate::Delivered delivered, absl::StatusOr<Response> response,
                                    std::function<void(absl::StatusOr<Response>)> done) {
  delivered.outcome = CodeName(response.status());
  site_.gate->Close(
      caller, delivered,
      [executor = site_.executor, response = std::move(response), done = std::move(done)](const absl::Status& closed) mutable {
        executor->Post([closed, response = std::move(response), done = std::move(done)]() mutable {
          done(closed.ok() ? std::move(response) : absl::StatusOr<Response>(closed));
        });
      });
}

absl::StatusOr<SearchPlan> CatalogueImpl::PlanFor(const access::Rules& rules, const access::Caller& caller,
                                                  const v1::SearchRequest& request) const {
  SearchPlan plan;
  if (absl::Status checked = CheckSearch(request); !checked.ok()) return checked;
  plan.centre = request.centre();
  plan.queue = request.queue();
  if (request.has_term()) {
    auto term = TermOf(request.term());
    if (!term.ok()) return term.status();
    plan.term = *std::move(term);
  }
  plan.scope = access::EffectiveScope(rules, caller, request.has_term() ? access::Action::kSearchPersonal : access::Action::kSearch);
  plan.from = RecordingId::FirstAt(absl::FromUnixMillis(request.from_unix_ms()));
  plan.before = request.to_unix_ms() == 0 ? EndOfTime() : RecordingId::FirstAt(absl::FromUnixMillis(request.to_unix_ms()));
  plan.rows_max = request.page_size() == 0 ? kPageRowsDefault : request.page_size();
  if (!request.page_token().empty()) {
    auto position = site_.keys->site().OpenPageToken(QueryOf(request, caller), request.page_token());
    if (!position.ok()) return position.status();
    auto before = RecordingId::FromBytes(*position);
    if (!before.ok()) return before.status();
    plan.before = std::min(plan.before, *before);
  }
  return plan;
}

void CatalogueImpl::Search(access::Caller caller, v1::SearchRequest request, SearchDone done) {
  access::Ask ask;
  ask.rules = site_.gate->rules();
  auto plan = PlanFor(*ask.rules, caller, request);
  if (!plan.ok()) return done(plan.status());
  ask.action = request.has_term() ? access::Action::kSearchPersonal : access::Action::kSearch;
  ask.term = request.term().field();
  ask.justification = request.justification();
  ask.rows = static_cast<uint32_t>(plan->rows_max);
  if (plan->term.has_value()) {
    ask.own_term = IsOwnAgent(*plan->term, caller);
    auto pseudonyms = TermPseudonymsOf(site_, *plan->term);
    if (!pseudonyms.ok()) return done(pseudonyms.status());
    ask.term_pseudonyms = *std::move(pseudonyms);
  }
  site_.gate->Note(
      caller, ask,
      [this, caller, request = std::move(request), plan = *std::move(plan), done = std::move(done)](absl::StatusOr<uint64_t> sequence) {
        site_.executor->Post([this, caller, request, plan, sequence, done] {
          if (!sequence.ok()) return done(sequence.status());
          SearchLogged(caller, request, plan, *sequence, done);
        });
      });
}

void CatalogueImpl::SearchLogged(const access::Caller& caller, const v1::SearchRequest& request, const SearchPlan& plan, uint64_t sequence,
                                 SearchDone done) {
  auto page = RunSearch(site_, caller, plan);
  absl::StatusOr<v1::SearchResponse> response = v1::SearchResponse();
  access::Gate::Delivered delivered;
  delivered.of_sequence = sequence;
  if (!page.ok()) {
    response = page.status();
  } else {
    for (const v1::RecordingRecord& record : page->records) *response->add_recordings() = Summarise(record);
    if (page->next_before.has_value())
      response->set_next_page_token(site_.keys->site().PageToken(QueryOf(request, caller), page->next_before->bytes()));
    delivered.rows = static_cast<uint32_t>(page->records.size());
  }
  CloseThenAnswer<v1::SearchResponse>(caller, delivered, std::move(response), std::move(done));
}

absl::StatusOr<v1::ShowResponse> CatalogueImpl::Opened(const StoredRecord& stored, const keys::ReleasePermit& permit,
                                                       const Sight& sight) const {
  const v1::RecordingRecord& record = stored.record;
  v1::ShowResponse response;
  *response.mutable_recording() = Summarise(record);
  auto epoch = site_.keys->Find(record.epoch_id());
  if (!epoch.ok()) return absl::DataLossError("recording: its epoch key is gone");
  if (record.state() != v1::LIVE) {
    auto verifier = keys::RecordingVerifier::Create(**epoch, IdOf(record), record.wrapped_data_key());
    if (!verifier.ok()) return verifier.status();
    absl::Status intact =
        CheckAgainstManifest(site_.engine->records(), *verifier, record, [this](uint64_t sequence) { return site_.log->Read(sequence); });
    if (!intact.ok()) return intact;
  } else if (absl::Status live = CheckStillLive(site_.engine->records(), record); !live.ok()) {
    return live;
  }
  if (!sight.personal) return response;
  auto opener = keys::RecordingOpener::Create(**epoch, IdOf(record), record.wrapped_data_key());
  if (!opener.ok()) return opener.status();
  auto sealed = site_.engine->records().Get(storage::Table::kMetadata, record.id());
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return absl::DataLossError("metadata: missing in the store; restore it from a backup and run fsck");
  auto metadata = opener->OpenMetadata(permit, **sealed);
  if (!metadata.ok()) return metadata.status();
  *response.mutable_metadata() = sight.Keep(*std::move(metadata));
  return response;
}

void CatalogueImpl::Show(access::Caller caller, v1::ShowRequest request, ShowDone done) {
  auto id = RecordingId::Parse(request.recording_id());
  if (!id.ok()) return done(id.status());
  auto stored = ReadRecord(site_.engine->records(), *id);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return done(stored.status());
  access::Ask ask;
  ask.rules = site_.gate->rules();
  const bool personal = access::EffectiveScope(*ask.rules, caller, access::Action::kShowPersonal) != v1::SCOPE_UNSPECIFIED;
  ask.action = personal ? access::Action::kShowPersonal : access::Action::kShow;
  ask.requested_id = request.recording_id();
  ask.justification = request.justification();
  if (stored.ok()) ask.resource = ResourceOf(stored->record, caller, *site_.keys);
  ask.rows = 1;
  auto shared = std::make_shared<StoredRecord>(stored.ok() ? *std::move(stored) : StoredRecord());
  if (personal) ask.caller_pseudonyms = [this, shared] { return CallerPseudonymsOf(site_, shared->record); };
  ask.personal_pseudonyms = [this, shared] { return PersonalPseudonymsOf(site_, shared->record); };
  const Sight sight{ask.rules, caller.account().role(), personal};
  site_.gate->Release(caller, std::move(ask),
                      [this, caller, shared, sight, id = *id, done = std::move(done)](absl::StatusOr<keys::ReleasePermit> permit) {
                        auto held = std::make_shared<absl::StatusOr<keys::ReleasePermit>>(std::move(permit));
                        site_.executor->Post([this, caller, shared, sight, id, held, done] {
                          if (!held->ok()) return done(held->status());
                          access::Gate::Delivered delivered;
                          delivered.of_sequence = (*held)->sequence();
                          delivered.recording = id;
                          delivered.rows = 1;
                          CloseThenAnswer<v1::ShowResponse>(caller, delivered, Opened(*shared, **held, sight), done);
                        });
                      });
}

}  // namespace

std::unique_ptr<Catalogue> Catalogue::Create(Site site) { return std::make_unique<CatalogueImpl>(site); }

}  // namespace otokura::recordings
