#pragma once

#include "processes.hpp"

/// The two workers of the soak, each in a process of its own. They take orders until they are told to end.
namespace remit::soak {

struct RoleOptions {
    std::string listen;  ///< the same for every incarnation
    MemoryPolicy memory_policy = MemoryPolicy::shrink;
};

void be_embedding(worker::test::Line& line, const RoleOptions& options);
void be_language(worker::test::Line& line, const RoleOptions& options);

/// Deadlines that are short for this machine, so that what is killed is given up soon.
void hasten(TimingOptions& timing);

}  // namespace remit::soak
