// How a case comes to be (DESIGN §8): what it names is looked at with the eyes of whoever opens it.
#ifndef OTOKURA_SERVER_RECORDINGS_CASE_OPENING_H_
#define OTOKURA_SERVER_RECORDINGS_CASE_OPENING_H_

#include "otokura/v1/case.pb.h"
#include "server/access/cases.h"
#include "server/recordings/site.h"

namespace otokura::recordings {

// As case.proto says; a refusal is an entry before it is told. Reads the store. `site` and `cases` are borrowed.
void OpenCase(const Site& site, access::Cases* cases, const access::Caller& caller, const v1::OpenCaseRequest& request,
              access::Cases::Done done);

}  // namespace otokura::recordings

#endif  // OTOKURA_SERVER_RECORDINGS_CASE_OPENING_H_
