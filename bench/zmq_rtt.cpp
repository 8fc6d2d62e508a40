// A round trip over ZeroMQ alone, in remit's way: a PUSH and a PULL socket at each end, multipart messages as large as an
// INIT and the STATUS that answers it. What a request cannot be faster than, were its bytes free.
//
//   remit_zmq_rtt --listen ADDRESS             prints its endpoint, echoes until it is ended
//   remit_zmq_rtt --connect ENDPOINT OWN N     answers come to the address OWN; prints {"min", "median", "p99", "n"} in seconds

#include <zmq.hpp>
#include <zmq_addon.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Frames = std::vector<std::string>;

const Frames kInit{"4711", "10.77.0.2", "40123", "1234567890123456789.1.17.987654321098765432", "0", "1", "64"};
const Frames kStatus{"4711", "2", "0", "0", "64", "", "1234567890123456789.1.17.987654321098765432"};

void send(zmq::socket_t& socket, const Frames& frames) {
    zmq::multipart_t message;
    for (const std::string& frame : frames) message.addstr(frame);
    message.send(socket);
}

Frames receive(zmq::socket_t& socket) {
    zmq::multipart_t message;
    message.recv(socket);
    Frames frames;
    while (!message.empty()) frames.push_back(message.popstr());
    return frames;
}

std::string bound_endpoint(zmq::socket_t& socket, const std::string& address) {
    socket.bind("tcp://" + address + ":*");
    return socket.get(zmq::sockopt::last_endpoint);
}

int listen(const std::string& address) {
    zmq::context_t context;
    zmq::socket_t in(context, zmq::socket_type::pull);
    std::cout << bound_endpoint(in, address) << std::endl;
    zmq::socket_t out(context, zmq::socket_type::push);
    out.connect(receive(in).at(0));  // the first message is the address to answer to
    for (;;) {
        receive(in);
        send(out, kStatus);
    }
}

int measure(const std::string& endpoint, const std::string& own_address, std::size_t count) {
    zmq::context_t context;
    zmq::socket_t in(context, zmq::socket_type::pull);
    const std::string own = bound_endpoint(in, own_address);
    zmq::socket_t out(context, zmq::socket_type::push);
    out.connect(endpoint);
    send(out, {own});
    std::vector<double> seconds;
    const std::size_t warm_up = count / 10 + 1;
    for (std::size_t i = 0; i < warm_up + count; ++i) {
        const auto begin = Clock::now();
        send(out, kInit);
        receive(in);
        if (i >= warm_up) seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::cout << "{\"min\": " << seconds.front() << ", \"median\": " << seconds[seconds.size() / 2]
              << ", \"p99\": " << seconds[seconds.size() * 99 / 100] << ", \"n\": " << seconds.size() << "}" << std::endl;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 2 && arguments[0] == "--listen") return listen(arguments[1]);
    const long count = arguments.size() == 4 ? std::strtol(arguments[3].c_str(), nullptr, 10) : 0;
    if (count > 0 && arguments[0] == "--connect") return measure(arguments[1], arguments[2], static_cast<std::size_t>(count));
    std::cerr << "usage: remit_zmq_rtt --listen ADDRESS | --connect ENDPOINT OWN N\n";
    return 2;
}
