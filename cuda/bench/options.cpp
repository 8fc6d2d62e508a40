#include "bench/options.hpp"

#include <cstdio>
#include <exception>
#include <sstream>
#include <stdexcept>

namespace remit::gpu::bench {
namespace {

constexpr const char* kUsage =
    "usage: copy_bench [options]\n"
    "  --out FILE           write JSON there (default: standard output)\n"
    "  --device N           GPU to use (default: 0)\n"
    "  --sizes MIB,MIB...   bytes of a launch in MiB (default: 1,4,16,64)\n"
    "  --hidden N,N...      hidden sizes, two bytes each (default: 1280,4096,8192)\n"
    "  --seconds S          time for each figure (default: 0.1)\n"
    "exit status: 0 done, 1 failed, 2 misuse, 3 no GPU\n";

std::uint64_t number(const std::string& text, std::uint64_t most) {
    std::size_t used = 0;
    const unsigned long long value =
        text.empty() || text[0] == '-' ? throw std::invalid_argument(text) : std::stoull(text, &used);
    if (used != text.size() || value > most) throw std::invalid_argument(text);
    return value;
}

std::vector<std::uint64_t> numbers(const std::string& text, std::uint64_t most) {
    std::vector<std::uint64_t> values;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) {
        values.push_back(number(part, most));
        if (values.back() == 0) throw std::invalid_argument(text);
    }
    if (values.empty()) throw std::invalid_argument(text);
    return values;
}

double seconds(const std::string& text) {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used != text.size() || !(value > 0) || value > 10) throw std::invalid_argument(text);
    return value;
}

bool assign(const std::string& name, const std::string& value, Options& options) {
    if (name == "--out") {
        options.out = value;
    } else if (name == "--device") {
        options.device = static_cast<int>(number(value, 1023));
    } else if (name == "--sizes") {
        options.mebibytes = numbers(value, 1024);
    } else if (name == "--hidden") {
        options.hidden = numbers(value, 1 << 20);
    } else if (name == "--seconds") {
        options.seconds = seconds(value);
    } else {
        return false;
    }
    return true;
}

Parsed wrong(const std::string& what) {
    std::fprintf(stderr, "copy_bench: %s\n%s", what.c_str(), kUsage);
    return Parsed::wrong;
}

}  // namespace

Parsed parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        if (name == "--help") {
            std::printf("%s", kUsage);
            return Parsed::help;
        }
        if (i + 1 == argc) return wrong(name + " needs a value");
        try {
            if (!assign(name, argv[i + 1], options)) return wrong("unknown option " + name);
        } catch (const std::exception&) {
            return wrong(name + " cannot be " + argv[i + 1]);
        }
    }
    return Parsed::run;
}

}  // namespace remit::gpu::bench
