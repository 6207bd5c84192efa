# Counts the cases of one ctest run, given what it printed and then its record (LastTest.log). GoogleTest's own lines count, or the whole
# test where it prints none; ctest has the last word, so a test that it calls failed though no case did (a crash, a leak found at exit, a
# time-out) is one failure. Prints "passed failed skipped", then a line for each skip with its reason.
function Close() {
  if (name == "") return
  good += case_good
  skips += case_skips
  if (verdict[name] == "skipped") { skips++; reasons = reasons "  skipped: " name ": " last "\n" }
  else if (verdict[name] == "failed") bad += case_bad ? case_bad : 1
  else if (!case_good && !case_skips) good++
  name = ""
}
FNR == 1 { file++ }
file == 1 {
  if (/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /) {
    sub(/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: /, "")
    verdict[$1] = /\*\*\*Skipped/ ? "skipped" : / Passed +[0-9.]+ sec$/ ? "passed" : "failed"
  }
  next
}
/^[0-9]+\/[0-9]+ Testing: / {
  Close()
  name = $3
  case_good = case_bad = case_skips = in_output = reason_next = 0
  last = reason = ""
  next
}
/^Output:$/ { in_output = 1; next }
/<end of output>$/ { in_output = 0; next }
!in_output { next }
/^\[       OK \] .* \([0-9]+ ms\)$/ { case_good++; next }
/^\[  FAILED  \] .* \([0-9]+ ms\)$/ { case_bad++; next }
/^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { case_skips++; reasons = reasons "  skipped: " $4 ": " reason "\n"; next }
/: Skipped$/ { reason_next = 1; next }
reason_next { reason = $0; reason_next = 0 }
NF && !/^-+$/ { last = $0 }
END {
  Close()
  print good + 0, bad + 0, skips + 0
  printf "%s", reasons
}
