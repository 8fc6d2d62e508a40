#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/verbs/choice.hpp"

namespace remit::tools::doctor {

namespace topology = remit::fabric::topology;
namespace verbs = remit::fabric::verbs;

/// What libibverbs says of this machine: the tables that workers choose device, port and GID from.
struct RdmaFacts {
    struct Unopened {
        std::string name;
        int error = 0;  ///< errno of the attempt
    };
    bool built = true;  ///< this build has libibverbs
    std::vector<verbs::DeviceInfo> devices;
    std::vector<Unopened> unopened;
    std::map<std::string, bool> on_demand_paging;  ///< by device: RDMA writes from memory that is not pinned
    verbs::LocalAddress local;                     ///< the address the worker will be reached at, where one was named
};

struct Identity {
    uid_t user = 0;
    gid_t group = 0;
    std::vector<gid_t> groups;
};

/// What the command line asks the doctor to judge instead of what remit would pick.
struct Wanted {
    std::string device;
    int port = 0;
    int gid_index = -1;
    std::uint16_t control_port = 7700;
};

/// The machine as the checks see it: files below a root, and what no file tells. A recorded one is a folder of files
/// and these fields; checks read nothing else.
struct Machine {
    std::filesystem::path root = "/";
    RdmaFacts rdma;
    Identity identity;
    std::optional<std::string> firewall;     ///< rules in the words of nft or iptables-save; nothing: not readable
    std::optional<bool> clock_synchronised;  ///< by NTP, PTP or a like; nothing: the kernel does not tell
    Wanted wanted;

    /// "sys/class/infiniband" below the root; a leading slash is passed over.
    [[nodiscard]] std::filesystem::path path(std::string_view below) const;
    [[nodiscard]] bool exists(std::string_view below) const;
    /// At most 1 MiB of a file. Nothing where it cannot be read.
    [[nodiscard]] std::optional<std::string> text(std::string_view below) const;
    /// The first line without the white space around it. Nothing where it cannot be read or is empty.
    [[nodiscard]] std::optional<std::string> line(std::string_view below) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view below) const;
    /// Names in a folder, sorted; empty where there is none.
    [[nodiscard]] std::vector<std::string> names(std::string_view below) const;
    /// What stands behind "KEY:" in a file of such lines, as /proc/self/status.
    [[nodiscard]] std::optional<std::string> value(std::string_view below, std::string_view key) const;
};

/// This machine. @throws Error(environment) where /proc or /sys is not mounted.
[[nodiscard]] Machine read_machine(const Wanted& wanted, const std::string& local_ip);

/// By libibverbs, in the way in which a worker looks. @throws Error(bad_argument) for text that is no address.
[[nodiscard]] RdmaFacts read_rdma_facts(const std::string& local_ip);

/// Which network device carries an address of this machine. @throws as read_rdma_facts().
[[nodiscard]] verbs::LocalAddress local_address_of(const std::string& ip);

}  // namespace remit::tools::doctor
