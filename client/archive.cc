#include "otokura/archive.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/convert.h"
#include "client/unary.h"
#include "crypto/sha256.h"
#include "otokura/v1/access.grpc.pb.h"

namespace otokura::client {
namespace {

v1::Justification ToProto(const Justification& justification) {
  v1::Justification proto;
  proto.set_purpose(justification.purpose);
  proto.set_reference(justification.reference);
  return proto;
}

// What arrives of one retrieval, held against what the gateway announced.
class Arrival {
 public:
  Arrival(AudioRange asked, const AudioSink& sink) : asked_(asked), sink_(sink) {}

  absl::Status Take(const v1::RetrieveResponse& response) {
    if (response.has_header()) return Begin(response.header());
    if (!begun_) return absl::InternalError("the gateway sent audio before its header; are client and gateway of compatible versions?");
    const std::string& audio = response.audio();
    if (audio.size() > announced_.length - done_)
      return absl::DataLossError("the gateway sent more audio than it announced; nothing of this can be trusted");
    done_ += audio.size();
    digest_.Update(audio);
    absl::Status taken = sink_.write(audio);
    if (taken.ok() && sink_.progress) sink_.progress(done_, announced_.length);
    return taken;
  }

  absl::Status Finish() const {
    if (!begun_) return absl::InternalError("the gateway answered with nothing");
    if (done_ != announced_.length) {
      return absl::DataLossError(absl::StrCat("the audio ended after ", done_, " of ", announced_.length, " bytes; ask again"));
    }
    const bool whole = asked_.offset == 0 && announced_.length == recording_.audio_bytes && !recording_.audio_sha256.empty();
    if (whole && digest_.Digest() != recording_.audio_sha256) {
      return absl::DataLossError(absl::StrCat("recording ", recording_.id, ": the audio does not match its SHA-256; report this"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Begin(const v1::RetrieveHeader& header) {
    if (begun_) return absl::InternalError("the gateway sent two headers; are client and gateway of compatible versions?");
    begun_ = true;
    recording_ = FromProto(header.recording());
    announced_ = {.offset = header.offset(), .length = header.length()};
    if (announced_.offset != asked_.offset || (asked_.length != 0 && announced_.length != asked_.length)) {
      return absl::InternalError("the gateway announced another range than the one asked for");
    }
    return sink_.begin(recording_, announced_);
  }

  const AudioRange asked_;
  const AudioSink& sink_;
  bool begun_ = false;
  Recording recording_;
  AudioRange announced_;
  uint64_t done_ = 0;
  crypto::Sha256Stream digest_;
};

class GatewayArchive final : public Archive {
 public:
  explicit GatewayArchive(std::unique_ptr<v1::Access::Stub> stub) : stub_(std::move(stub)) {}

  absl::StatusOr<SearchPage> Search(const SearchQuery& query, uint32_t page_size, const std::string& page_token) override {
    v1::SearchRequest request;
    request.set_from_unix_ms(UnixMillis(query.from));
    request.set_to_unix_ms(UnixMillis(query.to));
    request.set_centre(query.centre);
    request.set_queue(query.queue);
    if (query.field != PersonalField::kNone) {
      request.mutable_term()->set_field(static_cast<v1::PersonalField>(query.field));
      request.mutable_term()->set_value(query.value);
    }
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    *request.mutable_justification() = ToProto(query.justification);
    auto response = Ask(stub_.get(), &v1::Access::Stub::Search, request);
    if (!response.ok()) return response.status();
    SearchPage page{.next_page_token = response->next_page_token()};
    for (const v1::RecordingSummary& summary : response->recordings()) page.recordings.push_back(FromProto(summary));
    return page;
  }

  absl::StatusOr<ShownRecording> Show(const std::string& recording_id, const Justification& justification) override {
    v1::ShowRequest request;
    request.set_recording_id(recording_id);
    *request.mutable_justification() = ToProto(justification);
    auto response = Ask(stub_.get(), &v1::Access::Stub::Show, request);
    if (!response.ok()) return response.status();
    return ShownRecording{.recording = FromProto(response->recording()),
                          .has_personal = response->has_metadata(),
                          .personal = FromProto(response->metadata())};
  }

  absl::Status Listen(const std::string& id, AudioRange range, const Justification& justification, const AudioSink& sink) override {
    return Retrieve(&v1::Access::Stub::Listen, id, range, justification, sink);
  }
  absl::Status Get(const std::string& id, AudioRange range, const Justification& justification, const AudioSink& sink) override {
    return Retrieve(&v1::Access::Stub::Download, id, range, justification, sink);
  }

 private:
  using Method = std::unique_ptr<grpc::ClientReader<v1::RetrieveResponse>> (v1::Access::Stub::*)(grpc::ClientContext*,
                                                                                                 const v1::RetrieveRequest&);

  absl::Status Retrieve(Method method, const std::string& id, AudioRange range, const Justification& justification, const AudioSink& sink) {
    v1::RetrieveRequest request;
    request.set_recording_id(id);
    request.set_offset(range.offset);
    request.set_length(range.length);
    *request.mutable_justification() = ToProto(justification);
    grpc::ClientContext context;
    const auto reader = (stub_.get()->*method)(&context, request);
    Arrival arrival(range, sink);
    absl::Status taken = absl::OkStatus();
    v1::RetrieveResponse response;
    while (taken.ok() && reader->Read(&response)) taken = arrival.Take(response);
    if (!taken.ok()) context.TryCancel();
    const absl::Status ended = FromGrpc(reader->Finish());
    if (!taken.ok()) return taken;
    return ended.ok() ? arrival.Finish() : ended;
  }

  const std::unique_ptr<v1::Access::Stub> stub_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Archive>> Archive::Create(ConnectionOptions options) {
  auto stub = Connect<v1::Access>(options);
  if (!stub.ok()) return stub.status();
  return std::make_unique<GatewayArchive>(*std::move(stub));
}

}  // namespace otokura::client
