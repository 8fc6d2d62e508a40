#include "sim/scale/runs.hpp"

#include "sim/scale/cluster.hpp"

#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

namespace remit::sim::scale {
namespace {

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::uint64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

Result run_cluster(const Settings& settings) {
    const auto began = std::chrono::steady_clock::now();
    const double processor_began = processor_seconds();
    Result result = Cluster(settings).run();
    result.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    result.processor_seconds = processor_seconds() - processor_began;
    result.peak_memory = peak_memory();
    return result;
}

std::vector<Result> run_clusters(const std::vector<Settings>& settings, unsigned jobs) {
    std::vector<Result> results(settings.size());
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&] {
        for (std::size_t i = next++; i < settings.size(); i = next++) {
            try {
                results[i] = run_cluster(settings[i]);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure) failure = std::current_exception();
                next = settings.size();
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
    return results;
}

}  // namespace remit::sim::scale
