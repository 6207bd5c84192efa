// Personal data that a test can recognise in any dress, and the search for it.
#ifndef OTOKURA_TESTS_INTEGRATION_MARKED_DATA_H_
#define OTOKURA_TESTS_INTEGRATION_MARKED_DATA_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace otokura::integration {

// Every value that a client types in the tests that use this; each is like nothing else.
struct Marks {
  std::string call_id = "pbx-Marked-7319";
  std::string caller_number = "０９０－４８２７－５９３６";  // 09048275936
  std::string pension_number = "6174-829305";
  std::string agent = "ag-Marked-花子";
  std::string notes = "notes-Marked: 電話番号を間違えた";
  std::string purpose = "purpose-Marked";
  std::string reference = "CASE-Marked-5551";
  std::string reason = "reason-Marked: 鈴木さん left";
  std::string person = "person-Marked-881";
  std::string company = "Marked 保守 KK";
  std::string contract = "contract-marked-2093";
  std::string unknown_id = "id-Marked-404";
  std::string centre = "centre-Marked";
  std::string queue = "queue-Marked";
  std::string retention_class = "class-Marked";
  std::string page_token = "token-Marked";
  // Of accounts, which are in their certificates too.
  std::string operator_account = "marked-op";
  std::string supervisor_account = "marked-sup";
  std::string contractor_account = "marked-con";
  std::string auditor_account = "marked-aud";
  std::string recorder_account = "marked-rec";
  std::string stranger_account = "marked-str";
  std::string officer_account = "marked-off";

  std::vector<std::string> All() const;
};

// Looks for values as they were typed and normalised, in both cases, with and without hyphens, full-width, in base64 and hex, as UTF-16, as
// SHA-256 without salt, and for those that are numbers as the bytes of integers.
class MarkSearch {
 public:
  explicit MarkSearch(const std::vector<std::string>& marks);
  // Which mark `bytes` hold, and in which dress; nothing where they hold none.
  std::optional<std::string> Find(std::string_view bytes) const;
  size_t dresses() const { return dresses_.size(); }

 private:
  struct Dress {
    std::string mark, how, bytes;
  };
  void Add(const std::string& mark, const std::string& how, std::string bytes);
  void AddCodings(const std::string& mark, const std::string& how, const std::string& value);

  std::vector<Dress> dresses_;
};

}  // namespace otokura::integration

#endif  // OTOKURA_TESTS_INTEGRATION_MARKED_DATA_H_
