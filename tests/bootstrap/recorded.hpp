#pragma once

#include <string>

/// Requests in the forms of SGLang's bootstrap servers, as docs/bootstrap.md describes them.
namespace remit::bootstrap::test {

/// A rank with its places named one by one.
inline std::string places(int tp_rank, int dp_rank, const std::string& ip, int port, const std::string& more = "") {
    return R"({"role": "Prefill", "attn_tp_size": 4, "attn_tp_rank": )" + std::to_string(tp_rank) +
           R"(, "attn_dp_size": 2, "attn_dp_rank": )" + std::to_string(dp_rank) +
           R"(, "pp_size": 1, "pp_rank": 0, "system_dp_size": 1, "system_dp_rank": 0, "rank_ip": ")" + ip +
           R"(", "rank_port": )" + std::to_string(port) + more + "}";
}

/// The same of data-parallel engines beside each other, which the system numbers.
inline const std::string kSystemRank =
    R"({"role": "Prefill", "attn_tp_size": 2, "attn_tp_rank": 1, "attn_dp_size": 1, "attn_dp_rank": 0, "pp_size": 2,
        "pp_rank": 1, "system_dp_size": 8, "system_dp_rank": 5, "rank_ip": "10.0.0.9", "rank_port": 41234})";

/// The older form: 8 ranks in 2 data-parallel groups.
inline const std::string kEngineRank =
    R"({"role": "Prefill", "tp_size": 8, "dp_size": 2, "rank_ip": "10.0.0.7", "rank_port": 40001, "engine_rank": 6})";

}  // namespace remit::bootstrap::test
