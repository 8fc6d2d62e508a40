#include "bootstrap/route_table.hpp"

#include <remit/error.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <charconv>

#include "bootstrap/registration.hpp"

namespace remit::bootstrap {
namespace {

constexpr std::int64_t kAll = -1;

/// -1 or a rank.
std::optional<std::int64_t> rank_of(const std::string& text) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value >= kAll && value < kMostRanks ? std::optional(value) : std::nullopt;
}

RouteReply refusal(int status, std::string why) {
    return {status, std::move(why)};
}

/// Both names of the number of tensor-parallel ranks: which one is read depends on who asks.
RouteReply parallel_info(const std::optional<RankSizes>& sizes) {
    nlohmann::json json{{"prefill_attn_tp_size", nullptr}, {"prefill_tp_size", nullptr}, {"prefill_dp_size", nullptr},
                        {"prefill_pp_size", nullptr}};
    if (sizes) {
        json["prefill_attn_tp_size"] = json["prefill_tp_size"] = sizes->tp;
        json["prefill_dp_size"] = sizes->dp;
        json["prefill_pp_size"] = sizes->pp;
    }
    return {200, json.dump(), "application/json"};
}

}  // namespace

RouteReply RouteTable::put(const std::string& body, Time now) {
    if (body.size() > limits_.body_bytes) {
        return refusal(413, fmt::format("the body has {} bytes; permitted: {}", body.size(), limits_.body_bytes));
    }
    Registration registration;
    try {
        registration = registration_of(body);
    } catch (const Error& error) {
        return refusal(400, error.what());
    }
    forget_expired(now);
    if (registration.sends) {
        if (!entries_.contains(registration.rank) && entries_.size() >= limits_.ranks) {
            return refusal(503, fmt::format("the table is full; permitted: {} ranks", limits_.ranks));
        }
        Entry entry{registration.peer, std::nullopt};
        if (registration.lifetime) entry.end = now + *registration.lifetime;
        entries_[registration.rank] = std::move(entry);
    }
    sizes_ = registration.sizes;
    return {200, "OK"};
}

RouteReply RouteTable::get(const RouteQuery& query, Time now) {
    if (query.engine_rank.empty() || query.target_dp_group.empty()) {
        return refusal(400, "Missing inputs for bootstrap server.");
    }
    const auto tp = rank_of(query.engine_rank);
    const auto dp = rank_of(query.target_dp_group);
    // Who knows of no pipeline ranks asks for none: the first, or all where the others say all.
    const auto pp = query.target_pp_rank.empty() ? std::optional(tp == kAll ? kAll : 0) : rank_of(query.target_pp_rank);
    if (!tp || !dp || !pp) return refusal(400, fmt::format("a rank is no number; permitted: -1 to {}", kMostRanks - 1));
    forget_expired(now);
    if (tp == kAll && dp == kAll && pp == kAll) return parallel_info(sizes_);
    if (tp == kAll || dp == kAll || pp == kAll) return refusal(400, "a rank is -1; permitted: all of them or none");
    const RankId rank{static_cast<std::uint32_t>(*tp), static_cast<std::uint32_t>(*dp), static_cast<std::uint32_t>(*pp)};
    const auto found = entries_.find(rank);
    if (found == entries_.end()) return refusal(404, "Bootstrap info not Found");
    return {200, to_json(found->second.peer), "application/json"};
}

void RouteTable::forget_expired(Time now) {
    std::erase_if(entries_, [now](const auto& entry) { return entry.second.end && *entry.second.end <= now; });
}

}  // namespace remit::bootstrap
