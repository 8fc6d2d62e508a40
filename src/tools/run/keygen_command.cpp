#include <remit/keys.hpp>

#include <iostream>

#include "tools/commands.hpp"

namespace remit::tools {

ExitStatus run_keygen(const Options& options) {
    const KeyFiles files = generate_keys(options.key_folder);
    std::cout << files.secret_key_file << "  secret: for --key of this worker, readable by you alone\n"
              << files.public_key_file << "  public: for the --allow-keys folder of its peers, and for --server-key of "
              << "language workers\n"
              << "public key " << files.public_key << std::endl;
    return ExitStatus::verified;
}

}  // namespace remit::tools
