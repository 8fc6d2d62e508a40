#include "orders.hpp"

#include <malloc.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace remit::soak {
namespace {

std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

std::uint64_t entries_of(const char* folder) {
    std::uint64_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

/// "socket", "anon_inode:inotify", "/dev/infiniband/uverbs0": without the numbers that tell one from another.
std::map<std::string, std::uint64_t> kinds_of_descriptors() {
    std::map<std::string, std::uint64_t> kinds;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string what = std::filesystem::read_symlink(entry.path(), gone).string();
        if (!gone) ++kinds[what.substr(0, what.find(":[") == 10 ? std::string::npos : what.find(":["))];
    }
    return kinds;
}

}  // namespace

Layout soak_layout() {
    Layout::Shape shape;
    shape.block_size = kBlockSize;
    shape.hidden = 64;
    return Layout::multimodal(shape);
}

std::uint64_t Order::chance(std::uint64_t about) const {
    return mix(mix(request) ^ mix(about << 32 | attempt));
}

std::uint64_t Order::tokens() const {
    constexpr std::uint64_t kPool = kPoolBlocks * kBlockSize;
    const std::uint64_t random = mix(request);
    // Half of them are small, as images are; the rest goes up to three pools.
    const std::uint64_t most = random % 2 == 0 ? kPool / 4 : 3 * kPool;
    return 1 + (random >> 8) % most;
}

std::uint64_t Order::guess() const {
    const std::uint64_t random = chance(1);
    return random % 16 == 0 ? 0 : 1 + (random >> 8) % (2 * tokens());
}

bool Order::kept() const {
    return tokens() <= 2 * kBlockSize && chance(2) % 2 == 0;
}

void measure(Report& report) {
    ::malloc_trim(0);  // what is free belongs to nobody
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    report.resident_kib = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
    report.descriptors = entries_of("/proc/self/fd");
    report.descriptor_kinds = kinds_of_descriptors();
    report.threads = entries_of("/proc/self/task");
}

std::string encode(const std::string& endpoint, const std::vector<Order>& orders) {
    nlohmann::json list = nlohmann::json::array();
    for (const Order& order : orders) list.push_back({order.request, order.attempt, static_cast<int>(order.fate)});
    return nlohmann::json{{"endpoint", endpoint}, {"orders", std::move(list)}}.dump();
}

void decode(const std::string& line, std::string& endpoint, std::vector<Order>& orders) {
    const auto json = nlohmann::json::parse(line);
    endpoint = json.at("endpoint").get<std::string>();
    orders.clear();
    for (const auto& entry : json.at("orders")) {
        orders.push_back({entry.at(0).get<std::uint32_t>(), entry.at(1).get<std::uint32_t>(),
                          static_cast<Fate>(entry.at(2).get<int>())});
    }
}

std::string encode(const Report& r) {
    return nlohmann::json{{"succeeded", r.succeeded},   {"failed", r.failed},           {"wrong", r.wrong},
                          {"rounds", r.rounds},         {"resumes", r.resumes},         {"bytes", r.bytes},
                          {"resident", r.resident_kib}, {"descriptors", r.descriptors}, {"kinds", r.descriptor_kinds},
                          {"threads", r.threads}}
        .dump();
}

Report decode_report(const std::string& line) {
    const auto json = nlohmann::json::parse(line);
    Report r;
    json.at("succeeded").get_to(r.succeeded);
    json.at("failed").get_to(r.failed);
    json.at("wrong").get_to(r.wrong);
    json.at("rounds").get_to(r.rounds);
    json.at("resumes").get_to(r.resumes);
    json.at("bytes").get_to(r.bytes);
    json.at("resident").get_to(r.resident_kib);
    json.at("descriptors").get_to(r.descriptors);
    json.at("kinds").get_to(r.descriptor_kinds);
    json.at("threads").get_to(r.threads);
    return r;
}

}  // namespace remit::soak
