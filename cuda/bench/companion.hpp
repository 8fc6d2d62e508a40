#pragma once

#include "bench/gemm.hpp"
#include "bench/options.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <thread>

namespace remit::gpu::bench {

/// Runs `beside` over and over on a thread of its own until it is destroyed.
class Companion {
public:
    Companion(int device, std::function<void()> beside);
    ~Companion();
    Companion(const Companion&) = delete;
    Companion& operator=(const Companion&) = delete;
    /// @throws what `beside` has thrown.
    void rethrow() const;

private:
    void run(int device);

    std::function<void()> beside_;
    std::exception_ptr error_;
    std::atomic<bool> stop_ = false;
    std::atomic<bool> going_ = false;
    std::atomic<bool> failed_ = false;
    std::thread thread_;
};

/// Seconds of one product, by itself and beside something else that goes on meanwhile; `budget` seconds are spent.
[[nodiscard]] double gemm_alone(const Gemm& gemm, double budget);
[[nodiscard]] double gemm_beside(const Gemm& gemm, const Options& options, double budget,
                                 const std::function<void()>& beside);

}  // namespace remit::gpu::bench
