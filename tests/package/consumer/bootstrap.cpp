// Looks a peer up in the file that is its argument, and at a server that is not there: what remit::bootstrap throws and what
// libremit throws is caught by one type.

#include <remit/bootstrap.hpp>
#include <remit/remit.hpp>

#include <iostream>
#include <string>

namespace {

/// Whether `call` throws an Error of that kind.
template <typename Call>
bool throws(remit::ErrorKind kind, const Call& call) {
    try {
        call();
    } catch (const remit::Error& error) {
        std::cout << error.what() << "\n";
        return error.kind() == kind;
    }
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const auto peer = remit::bootstrap::PeerDirectory(arguments[1]).find({.tp = 1, .dp = 0, .pp = 0});
    const bool found = peer && remit::bootstrap::endpoint_of(*peer) == "tcp://10.0.0.6:7700";
    const bool refused = throws(remit::ErrorKind::environment, [] {
        static_cast<void>(remit::bootstrap::PeerDirectory("http://127.0.0.1:1").find());
    });
    const bool other = throws(remit::ErrorKind::bad_argument, [] { remit::Layout::multimodal({.block_size = 0}); });
    std::cout << "found: " << found << ", refused: " << refused << ", by libremit too: " << other << "\n";
    return found && refused && other ? 0 : 1;
}
