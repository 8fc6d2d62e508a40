#pragma once

#include <remit/layout.hpp>

#include <cstdint>

#include "tools/npy/request_folder.hpp"
#include "tools/payload/verify.hpp"

namespace remit::tools {

/// Puts the rows of an arrived request together as its files hold them.
[[nodiscard]] RequestFolder collect(const Layout& layout, std::uint64_t tokens, const RowReader& read);
/// Payload bytes of a token range; aux comes with token 0.
[[nodiscard]] std::uint64_t bytes_of(const Layout& layout, std::uint64_t first_token, std::uint64_t tokens);

}  // namespace remit::tools
