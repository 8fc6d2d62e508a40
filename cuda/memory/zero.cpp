#include "memory/zero.hpp"

namespace remit::gpu {
namespace {

class Stream {
public:
    explicit Stream(const Driver& driver) : driver_(driver) {
        require(driver, "cuStreamCreate", driver.stream_create(&stream_, CU_STREAM_NON_BLOCKING));
    }
    ~Stream() { static_cast<void>(driver_.stream_destroy(stream_)); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    [[nodiscard]] CUstream get() const noexcept { return stream_; }

private:
    const Driver& driver_;
    CUstream stream_ = nullptr;
};

}  // namespace

void zero(const Device& device, std::uint64_t address, std::size_t bytes) {
    const Driver& driver = device.driver();
    const Stream stream(driver);
    require(driver, "cuMemsetD8Async", driver.memset_async(address, 0, bytes, stream.get()));
    require(driver, "cuStreamSynchronize", driver.stream_synchronize(stream.get()));
}

}  // namespace remit::gpu
