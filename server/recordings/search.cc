#include "server/recordings/search.h"

#include <algorithm>
#include <utility>

#include "server/keys/recording_keys.h"
#include "server/recordings/limits.h"
#include "server/recordings/resource.h"
#include "server/recordings/rows.h"

namespace otokura::recordings {
namespace {

using storage::RecordingId;

// An ordered list of ids in some table: prefix ‖ id.
struct Source {
  storage::Table table;
  std::string prefix;
};

void AddTagSources(const Site& site, const SearchTerm& term, std::vector<Source>* sources) {
  for (const auto& epoch : site.keys->Live()) {
    sources->push_back({storage::Table::kTags, TagPrefix(term.field, epoch->index().Tag(term.field, term.normalised))});
  }
}

// The narrowest index that holds every possible hit.
std::vector<Source> SourcesFor(const Site& site, const access::Caller& caller, const SearchPlan& plan) {
  std::vector<Source> sources;
  if (plan.term.has_value()) {
    AddTagSources(site, *plan.term, &sources);
  } else if (plan.scope == v1::OWN) {
    auto agent = crypto::Normalise(crypto::IndexField::kAgent, caller.account().agent());
    if (agent.ok()) AddTagSources(site, {crypto::IndexField::kAgent, *std::move(agent)}, &sources);
  } else if (!plan.centre.empty()) {
    if (plan.queue.empty()) {
      sources.push_back({storage::Table::kByCentre, CentrePrefix(plan.centre)});
    } else {
      sources.push_back({storage::Table::kByQueue, QueuePrefix(plan.centre, plan.queue)});
    }
  } else if (plan.scope == v1::CENTRE) {
    for (const std::string& centre : caller.account().centres()) sources.push_back({storage::Table::kByCentre, CentrePrefix(centre)});
  } else {
    sources.push_back({storage::Table::kRecordings, ""});
  }
  return sources;
}

// Up to `count` ids in [from, before) over all sources, newest first.
absl::StatusOr<std::vector<RecordingId>> NewestIds(const storage::RecordReader& records, const std::vector<Source>& sources,
                                                   const RecordingId& from, const RecordingId& before, size_t count) {
  std::vector<RecordingId> ids;
  for (const Source& source : sources) {
    storage::ScanRange range{source.prefix + std::string(from.bytes()), source.prefix + std::string(before.bytes()), true};
    size_t taken = 0;
    absl::Status scanned = records.Scan(source.table, range, [&](std::string_view key, std::string_view) {
      auto id = RecordingId::FromBytes(key.substr(source.prefix.size()));
      if (id.ok()) ids.push_back(*id);
      return ++taken < count;
    });
    if (!scanned.ok()) return scanned;
  }
  std::sort(ids.begin(), ids.end(), std::greater<>());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.size() > count) ids.resize(count);
  return ids;
}

// A tag is 128 bits of a keyed hash; the opened metadata settles what it cannot (compared by the keys, never released here).
absl::StatusOr<bool> Confirmed(const Site& site, const storage::RecordReader& records, const v1::RecordingRecord& record,
                               const SearchTerm& term) {
  auto epoch = site.keys->Find(record.epoch_id());
  if (!epoch.ok()) return false;
  auto verifier = keys::RecordingVerifier::Create(**epoch, IdOf(record), record.wrapped_data_key());
  if (!verifier.ok()) return verifier.status();
  auto metadata = records.Get(storage::Table::kMetadata, record.id());
  if (!metadata.ok()) return metadata.status();
  if (!metadata->has_value()) return false;
  return verifier->MetadataMatches(**metadata, term.field, term.normalised);
}

absl::StatusOr<bool> IsHit(const Site& site, const access::Caller& caller, const SearchPlan& plan, const storage::RecordReader& records,
                           const v1::RecordingRecord& record) {
  if (!plan.centre.empty() && record.centre() != plan.centre) return false;
  if (!plan.queue.empty() && record.queue() != plan.queue) return false;
  if (!access::InScope(caller, plan.scope, ResourceOf(record, caller, *site.keys))) return false;
  if (plan.term.has_value()) return Confirmed(site, records, record, *plan.term);
  return true;
}

}  // namespace

absl::StatusOr<SearchTerm> TermOf(const v1::PersonalTerm& term) {
  if (term.field() == v1::PERSONAL_FIELD_UNSPECIFIED || !v1::PersonalField_IsValid(term.field())) {
    return absl::InvalidArgumentError("term.field: unknown; say caller_number, basic_pension_number, agent or call_id");
  }
  const auto field = static_cast<crypto::IndexField>(term.field());
  auto normalised = crypto::Normalise(field, term.value());
  if (!normalised.ok()) return normalised.status();
  return SearchTerm{field, *std::move(normalised)};
}

absl::StatusOr<SearchPage> RunSearch(const Site& site, const access::Caller& caller, const SearchPlan& plan) {
  const std::unique_ptr<storage::RecordReader> records = site.engine->records().Snapshot();
  const std::vector<Source> sources = SourcesFor(site, caller, plan);
  const size_t step = plan.rows_max + 1;
  SearchPage page;
  RecordingId before = plan.before;
  for (size_t examined = 0; examined < kRowsExaminedMax;) {
    auto ids = NewestIds(*records, sources, plan.from, before, step);
    if (!ids.ok()) return ids.status();
    for (const RecordingId& id : *ids) {
      auto stored = ReadRecord(*records, id);
      // A damaged or half-purged record must not hide the others; fsck names it.
      const bool readable = stored.ok();
      if (!readable && !absl::IsNotFound(stored.status()) && !absl::IsDataLoss(stored.status())) return stored.status();
      if (readable) {
        auto hit = IsHit(site, caller, plan, *records, stored->record);
        if (!hit.ok() && !absl::IsDataLoss(hit.status())) return hit.status();
        if (hit.ok() && *hit) {
          if (page.records.size() == plan.rows_max) {
            page.next_before = before;
            return page;
          }
          page.records.push_back(std::move(stored->record));
        }
      }
      before = id;
      ++examined;
    }
    if (ids->size() < step) return page;
  }
  page.next_before = before;
  return page;
}

}  // namespace otokura::recordings
