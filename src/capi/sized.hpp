#pragma once

#include "capi/errors.hpp"

#include <algorithm>
#include <cstring>

/// Structs that begin with their size, so that they can grow: a caller's may be shorter than this library's, or longer.
namespace remit::capi {

/// @throws Error(bad_argument) for null or a size below that of the first version, which no header ever had.
template <class Struct>
std::size_t size_of(const Struct* given, const char* name, std::size_t first_size) {
    const std::size_t size = needed(given, name).size;
    if (size >= first_size) return size;
    throw Error(ErrorKind::bad_argument, fmt::format("{0}.size is {1}; permitted: what {0}'s _INIT macro sets, {2} or more",
                                                     name, size, first_size));
}

/// `given` with the fields that it does not have as in `defaults`.
/// @throws as above, and Error(bad_argument) where it has fields that this library does not know and that are not 0.
template <class Struct>
Struct read_sized(const Struct* given, const Struct& defaults, const char* name, std::size_t first_size = sizeof(Struct)) {
    const std::size_t size = size_of(given, name, first_size);
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    if (size > sizeof(Struct) && std::any_of(bytes + sizeof(Struct), bytes + size, [](unsigned char b) { return b != 0; })) {
        throw Error(ErrorKind::bad_argument, fmt::format("{}.size is {}, and fields past {} are set that this version of remit "
                                                         "does not know; leave them 0 or update the library",
                                                         name, size, sizeof(Struct)));
    }
    Struct read = defaults;
    std::memcpy(&read, given, std::min(size, sizeof(Struct)));
    return read;
}

/// As much of `value` as the caller's struct has; what it has beyond that becomes 0.
template <class Struct>
void write_sized(Struct value, Struct* to, const char* name, std::size_t first_size = sizeof(Struct)) {
    const std::size_t size = size_of(to, name, first_size);
    value.size = size;
    std::memcpy(to, &value, std::min(size, sizeof(Struct)));
    if (size > sizeof(Struct)) std::memset(reinterpret_cast<unsigned char*>(to) + sizeof(Struct), 0, size - sizeof(Struct));
}

}  // namespace remit::capi
