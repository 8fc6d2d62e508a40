// Gather and scatter kernels against what CUDA offers, all in one run on one GPU; figures are to be read as ratios.
#include "bench/device.hpp"
#include "bench/sections.hpp"

#include <cstdio>
#include <exception>

namespace {

using namespace remit::gpu::bench;

bool write(const Options& options, const std::string& text) {
    std::FILE* file = options.out.empty() ? stdout : std::fopen(options.out.c_str(), "w");
    if (file == nullptr) {
        std::perror(options.out.c_str());
        return false;
    }
    const bool written = std::fputs((text + "\n").c_str(), file) >= 0;
    const bool closed = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
    if (!written || !closed) std::perror(options.out.c_str());
    return written && closed;
}

std::string measure(const Options& options) {
    check(cudaSetDevice(options.device), "cudaSetDevice");
    cudaDeviceProp device{};
    check(cudaGetDeviceProperties(&device, options.device), "cudaGetDeviceProperties");
    Json json;
    json.open("", '{');
    add_device(device, json);
    using Section = void (*)(const Options&, const cudaDeviceProp&, Json&);
    for (const Section section : {add_ratios, add_budgets, add_gemm, add_latency, add_sums, add_staged}) section(options, device, json);
    json.close('}');
    return json.text();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    const Parsed parsed = parse(argc, argv, options);
    if (parsed != Parsed::run) return parsed == Parsed::help ? 0 : 2;
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess || devices <= options.device) {
        std::fprintf(stderr, "no GPU: %s\n",
                     status == cudaSuccess ? "there is none of that number" : cudaGetErrorString(status));
        return 3;
    }
    try {
        return write(options, measure(options)) ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "copy_bench: %s\n", error.what());
        return 1;
    }
}
