#include "memory/host_buffer.hpp"

#include <remit/error.hpp>

#include <spdlog/fmt/fmt.h>

#include <cstring>

namespace remit::memory {

HostBuffer::HostBuffer(std::size_t bytes) : pages_(bytes) {
    if (pages_.valid()) return;
    throw Error(ErrorKind::environment, fmt::format("no {} bytes of host memory for a pool: {}; ask for fewer blocks",
                                                    bytes, std::strerror(pages_.error())));
}

}  // namespace remit::memory
