#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/access/revocations.h"
#include "tests/unit/access/test_certificates.h"

namespace otokura::access {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

// Serials as certificates name them: the hex of whole bytes.
std::string Hex(int64_t serial) {
  const std::string hex = absl::StrFormat("%x", serial);
  return hex.size() % 2 == 0 ? hex : absl::StrCat("0", hex);
}

class RevocationsTest : public ::testing::Test {
 protected:
  RevocationsTest() {
    Write(ca_file_, authority_.certificate_pem());
    List({1001});
  }
  ~RevocationsTest() override { std::filesystem::remove_all(folder_); }
  static void Write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }
  void List(const std::vector<int64_t>& serials, absl::Duration valid_for = absl::Hours(24)) {
    Write(crl_file_, authority_.RevocationList(serials, kNow - absl::Hours(1), kNow + valid_for));
  }

  TestAuthority authority_{kNow};
  std::string folder_ = [] {
    std::string folder = ::testing::TempDir() + "revocations-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    return folder;
  }();
  std::string ca_file_ = folder_ + "/ca.pem";
  std::string crl_file_ = folder_ + "/crl.pem";
  Revocations revocations_{crl_file_, ca_file_};
};

TEST_F(RevocationsTest, I6_OnlyWhatTheListNamesIsRevoked) {
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  EXPECT_TRUE(*revocations_.Watch(Hex(1001)));
  EXPECT_FALSE(*revocations_.Watch(Hex(1002)));
}

TEST_F(RevocationsTest, I6_WhoIsInsideLearnsOfANewList) {
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  const auto inside = revocations_.Watch(Hex(1002));
  List({1001, 1002});
  EXPECT_FALSE(*inside);
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  EXPECT_TRUE(*inside);
  EXPECT_EQ(inside, revocations_.Watch(Hex(1002)));
}

TEST_F(RevocationsTest, I6_AListThatCannotBeReadKeepsTheOldOneWhichGrowsStale) {
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  EXPECT_FALSE(*revocations_.stale());
  const auto inside = revocations_.Watch(Hex(1002));
  Write(crl_file_, "not a list");
  EXPECT_FALSE(revocations_.Reload(kNow).ok());
  EXPECT_FALSE(*inside);
  EXPECT_TRUE(*revocations_.Watch(Hex(1001)));
  std::filesystem::remove(crl_file_);
  EXPECT_FALSE(revocations_.Reload(kNow + absl::Hours(23)).ok());
  EXPECT_FALSE(*inside);
  EXPECT_FALSE(revocations_.Reload(kNow + absl::Hours(25)).ok());
  EXPECT_TRUE(*revocations_.stale());
  EXPECT_FALSE(*inside);
  EXPECT_TRUE(*revocations_.Watch(Hex(1001))) << "what it names stays revoked";
  List({1001}, absl::Hours(48));
  ASSERT_TRUE(revocations_.Reload(kNow + absl::Hours(25)).ok());
  EXPECT_FALSE(*revocations_.stale());
}

TEST_F(RevocationsTest, I11_AStaleListIsInForceFromTheStart) {
  EXPECT_FALSE(revocations_.Reload(kNow + absl::Hours(25)).ok());
  EXPECT_TRUE(*revocations_.stale());
  EXPECT_TRUE(*revocations_.Watch(Hex(1001)));
  EXPECT_FALSE(*revocations_.Watch(Hex(1002)));
}

TEST_F(RevocationsTest, I7_AnOlderListNeverComesBack) {
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  List({}, absl::Hours(23));
  EXPECT_FALSE(revocations_.Reload(kNow).ok());
  EXPECT_TRUE(*revocations_.Watch(Hex(1001)));
}

TEST_F(RevocationsTest, I6_BeforeAnyListCouldBeReadEveryoneIsRefused) {
  std::filesystem::remove(crl_file_);
  EXPECT_FALSE(revocations_.Reload(kNow).ok());
  EXPECT_TRUE(*revocations_.Watch(Hex(1002)));
}

TEST_F(RevocationsTest, I6_AForeignAuthoritysListIsRefused) {
  ASSERT_TRUE(revocations_.Reload(kNow).ok());
  TestAuthority foreign(kNow);
  Write(crl_file_, foreign.RevocationList({}, kNow, kNow + absl::Hours(24)));
  EXPECT_EQ(revocations_.Reload(kNow).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(*revocations_.Watch(Hex(1001)));
}

TEST_F(RevocationsTest, WithoutAFileNothingIsRevoked) {
  Revocations none("", ca_file_);
  ASSERT_TRUE(none.Reload(kNow).ok());
  EXPECT_FALSE(*none.Watch(Hex(1001)));
  EXPECT_FALSE(*none.stale());
}

}  // namespace
}  // namespace otokura::access
