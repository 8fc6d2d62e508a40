#pragma once

#include <string>

/// CURVE keys as text: 40 characters of Z85, as ZeroMQ writes them.
namespace remit::control {

inline constexpr std::size_t kKeyCharacters = 40;

struct KeyPair {
    std::string public_key;
    std::string secret_key;
};

/// True for 40 characters of Z85.
[[nodiscard]] bool is_key(const std::string& text);

/// Z85 of the 32 bytes of a key. @throws Error(bad_argument) for another length.
[[nodiscard]] std::string key_text(const std::string& bytes);

/// The pair of a secret key's file. @throws Error(bad_argument) for a file that is no secret key of remit,
/// Error(environment) for one that cannot be read or that others than its owner can read or write.
[[nodiscard]] KeyPair read_secret_key(const std::string& path);

/// @throws Error(bad_argument) for a file that is no public key of remit, Error(environment) where it cannot be read
/// or where others than its owner can write it.
[[nodiscard]] std::string read_public_key(const std::string& path);

}  // namespace remit::control
