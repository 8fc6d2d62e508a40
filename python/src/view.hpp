#pragma once

#include "bindings.hpp"

#include <remit/layout.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace remit::python {

/// Address of a row by plane and token, as a worker tells it.
using RowAddress = std::function<const std::byte*(std::uint32_t plane, std::uint64_t token)>;

/// One segment of one block as an array of [tokens], [tokens, elements] or [planes, tokens, elements], without a copy.
struct View {
    const Layout& layout;
    std::size_t segment;
    RowAddress row;
    std::string memory;  ///< as DataPath::memory: "host", "pinned:0", "cuda:0"
    bool raw;            ///< rows of uint8 in place of the segment's own type, which NumPy may lack
    bool writable;
};

/// An object with DLPack and the buffer protocol. @param owner kept alive by it @throws Error(bad_argument) for the segment
nb::object array_of(const View& view, nb::handle owner);

/// A Python object that keeps a copy of `shared` alive.
template <class Shared>
nb::object owner_of(const Shared& shared) {
    return nb::capsule(new Shared(shared), [](void* pointer) noexcept { delete static_cast<Shared*>(pointer); });
}

}  // namespace remit::python
