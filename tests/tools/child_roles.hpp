#pragma once

namespace remit::tools::test {

/// First arguments that make this test program the child of one of its tests.
inline constexpr const char* kChildThatWaits = "--child-that-waits";      ///< for the end of its stdin
inline constexpr const char* kChildThatReports = "--child-that-reports";  ///< as a half of a demo does, then waits

}  // namespace remit::tools::test
