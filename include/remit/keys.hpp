#pragma once

#include <remit/export.hpp>

#include <string>

namespace remit {

/// Where generate_keys() has put a key pair.
struct KeyFiles {
    std::string secret_key_file;  ///< DIR/remit.key, readable by its owner only; never leaves its machine
    std::string public_key_file;  ///< DIR/remit.pub, for the allowed_keys folder of every peer
    std::string public_key;       ///< 40 printable characters
};

/// Makes a CURVE key pair for KeyOptions in `folder`, which is made where it is missing. Thread-safe.
/// @throws Error(environment) where a file cannot be written; Error(misuse) where a key is there already: it is never
/// replaced, since peers know its public half.
REMIT_API KeyFiles generate_keys(const std::string& folder);

/// The public half of a secret key's file, as generate_keys() returned it. Thread-safe.
/// @throws Error(bad_argument) for a file that is no secret key of remit, Error(environment) for one that cannot be read
/// or that others than its owner can read or write.
[[nodiscard]] REMIT_API std::string public_key_of(const std::string& secret_key_file);

}  // namespace remit
