#include "fabric/status.hpp"

#include "fabric/fabric.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>

namespace remit::fabric {
namespace status {
namespace {

constexpr std::array<const char*, 24> kWords{
    "success",
    "local length error",
    "local QP operation error",
    "local EE context operation error",
    "local protection error",
    "Work Request Flushed Error",
    "memory management operation error",
    "bad response error",
    "local access error",
    "remote invalid request error",
    "remote access error",
    "remote operation error",
    "transport retry counter exceeded",
    "RNR retry counter exceeded",
    "local RDD violation error",
    "remote invalid RD request",
    "aborted error",
    "invalid EE context number",
    "invalid EE context state",
    "fatal error",
    "response timeout error",
    "general error",
    "TM error",
    "TM software rendezvous",
};

}  // namespace

const char* words(std::uint32_t status) noexcept {
    return status < kWords.size() ? kWords[status] : "unknown";
}

}  // namespace status

std::string status_text(const Completion& completion) {
    return fmt::format("{} ({}, vendor error 0x{:x})", status::words(completion.status), completion.status,
                       completion.vendor_error);
}

}  // namespace remit::fabric
