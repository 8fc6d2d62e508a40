#include "fake_nic.hpp"

#include <sys/mman.h>

#include <cerrno>

namespace remit::registration::test {
namespace {

FakeVerbs verbs;

ibv_mr* refuse(const char* call, int error) {
    if (verbs.failed_call.empty() && error == EIO) verbs.failed_call = call;
    errno = error;
    return nullptr;
}

ibv_mr* make(const FakeVerbs::Region& region, int error) {
    verbs.log.push_back(region.call);
    if (verbs.calls++ == verbs.fail_at) return refuse(region.call.c_str(), EIO);
    if (error != 0) return refuse(region.call.c_str(), error);
    verbs.made.push_back(region);
    auto mr = std::make_unique<ibv_mr>();
    // As libibverbs leaves it: of a dma-buf, the offset.
    mr->addr = reinterpret_cast<void*>(region.descriptor >= 0 ? region.offset : region.address);
    mr->length = region.bytes;
    mr->lkey = static_cast<std::uint32_t>(verbs.made.size());
    mr->rkey = 0x100 + mr->lkey;
    ibv_mr* key = mr.get();
    verbs.held[key] = std::move(mr);
    return key;
}

bool is_host_memory(const void* address) {
    unsigned char resident = 0;
    const auto page = reinterpret_cast<std::uintptr_t>(address) / 4096 * 4096;
    return ::mincore(reinterpret_cast<void*>(page), 1, &resident) == 0;
}

ibv_mr* reg_mr(ibv_pd*, void* address, std::size_t bytes, unsigned access) {
    FakeVerbs::Region region{"ibv_reg_mr", reinterpret_cast<std::uintptr_t>(address), 0, bytes, -1, access, 0};
    if (verbs.refuses_relaxed_ordering && (access & IBV_ACCESS_RELAXED_ORDERING) != 0) return make(region, EOPNOTSUPP);
    return make(region, is_host_memory(address) ? 0 : verbs.peermem_error);
}

ibv_mr* reg_dmabuf_mr(ibv_pd*, std::uint64_t offset, std::size_t bytes, std::uint64_t iova, int descriptor,
                      int access) {
    return make({"ibv_reg_dmabuf_mr", iova, offset, bytes, descriptor, static_cast<unsigned>(access), 0},
                verbs.dmabuf_error);
}

ibv_mr* mlx5_reg_dmabuf_mr(ibv_pd*, std::uint64_t offset, std::size_t bytes, std::uint64_t iova, int descriptor,
                           int access, int mlx5_access) {
    return make({"mlx5dv_reg_dmabuf_mr", iova, offset, bytes, descriptor, static_cast<unsigned>(access), mlx5_access},
                verbs.mlx5_error);
}

int dereg_mr(ibv_mr* mr) {
    verbs.log.push_back("ibv_dereg_mr");
    return verbs.held.erase(mr) == 1 ? 0 : EINVAL;
}

fabric::verbs::RegistrationCalls calls() {
    return {reg_mr, reg_dmabuf_mr, verbs.has_mlx5 ? mlx5_reg_dmabuf_mr : nullptr, dereg_mr};
}

}  // namespace

FakeVerbs& fake_verbs() { return verbs; }
void reset_fake_verbs() { verbs = FakeVerbs(); }

FakeNic::FakeNic() : registrar_(calls(), nullptr, "mlx5_0", true) {}

}  // namespace remit::registration::test
