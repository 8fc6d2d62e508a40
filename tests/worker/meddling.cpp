#include "meddling.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>

// The header makes macros of these two.
#undef ibv_reg_mr
#undef ibv_reg_mr_iova

namespace remit::worker::test::meddling {

std::atomic<int> post_send_error{0};
std::atomic<int> posts_refused{0};
std::atomic<int> inlined{0};
std::atomic<int> writes_to_spoil{0};
std::atomic<bool> poll_fails{false};
std::atomic<bool> completions_held{false};
std::atomic<bool> receives_vanish{false};
std::atomic<int> event_told_as{-1};

namespace {

std::mutex mutex;
std::set<ibv_mr*> regions;     ///< that a peer may write to
std::set<ibv_mr*> taken_away;  ///< their owner still believes that it has them
ibv_context_ops provider;      ///< both devices of a test have the same

template <class Function>
Function library(const char* name) {
    static_assert(sizeof(Function) == sizeof(void*));
    void* symbol = dlsym(RTLD_NEXT, name);
    if (symbol == nullptr) {
        std::fprintf(stderr, "libibverbs has no %s\n", name);
        std::abort();
    }
    return reinterpret_cast<Function>(symbol);
}

void spoil(ibv_send_wr* requests) {
    for (; requests != nullptr && writes_to_spoil.load() > 0; requests = requests->next) {
        if (requests->num_sge == 0 || requests->sg_list[0].length == 0) continue;
        auto* byte = reinterpret_cast<std::uint8_t*>(requests->sg_list[0].addr);
        *byte = static_cast<std::uint8_t>(*byte ^ 1);
        --writes_to_spoil;
    }
}

int post_send(ibv_qp* queue_pair, ibv_send_wr* requests, ibv_send_wr** bad) {
    const int error = post_send_error.load();
    for (const ibv_send_wr* r = requests; r != nullptr; r = r->next) inlined += (r->send_flags & IBV_SEND_INLINE) != 0 ? 1 : 0;
    if (error == 0) spoil(requests);
    if (error == 0) return provider.post_send(queue_pair, requests, bad);
    *bad = requests;
    ++posts_refused;
    return error;
}

int poll_cq(ibv_cq* queue, int count, ibv_wc* completions) {
    if (completions_held.load()) return 0;
    return poll_fails.load() ? -1 : provider.poll_cq(queue, count, completions);
}

int post_srq_recv(ibv_srq* queue, ibv_recv_wr* requests, ibv_recv_wr** bad) {
    return receives_vanish.load() ? 0 : provider.post_srq_recv(queue, requests, bad);
}

ibv_mr* remember(ibv_mr* region, int access) {
    const std::lock_guard lock(mutex);
    if (region != nullptr && (access & IBV_ACCESS_REMOTE_WRITE) != 0) regions.insert(region);
    return region;
}

}  // namespace

bool deregister_target() {
    const std::lock_guard lock(mutex);
    ibv_mr* largest = nullptr;
    for (ibv_mr* region : regions) {
        if (largest == nullptr || region->length > largest->length) largest = region;
    }
    if (largest == nullptr) return false;
    regions.erase(largest);
    taken_away.insert(largest);
    return library<int (*)(ibv_mr*)>("ibv_dereg_mr")(largest) == 0;
}

}  // namespace remit::worker::test::meddling

namespace meddling = remit::worker::test::meddling;

extern "C" {

ibv_context* ibv_open_device(ibv_device* device) {
    ibv_context* context = meddling::library<ibv_context* (*)(ibv_device*)>("ibv_open_device")(device);
    if (context == nullptr) return nullptr;
    meddling::provider = context->ops;
    context->ops.post_send = meddling::post_send;
    context->ops.poll_cq = meddling::poll_cq;
    context->ops.post_srq_recv = meddling::post_srq_recv;
    return context;
}

ibv_mr* ibv_reg_mr(ibv_pd* domain, void* address, size_t bytes, int access) {
    const auto real = meddling::library<ibv_mr* (*)(ibv_pd*, void*, size_t, int)>("ibv_reg_mr");
    return meddling::remember(real(domain, address, bytes, access), access);
}

// What the header's inline ibv_reg_mr() calls where optional flags such as relaxed ordering are asked for.
ibv_mr* ibv_reg_mr_iova2(ibv_pd* domain, void* address, size_t bytes, uint64_t iova, unsigned access) {
    const auto real = meddling::library<ibv_mr* (*)(ibv_pd*, void*, size_t, uint64_t, unsigned)>("ibv_reg_mr_iova2");
    return meddling::remember(real(domain, address, bytes, iova, access), static_cast<int>(access));
}

int ibv_dereg_mr(ibv_mr* region) {
    {
        const std::lock_guard lock(meddling::mutex);
        if (meddling::taken_away.erase(region) != 0) return 0;
        meddling::regions.erase(region);
    }
    return meddling::library<int (*)(ibv_mr*)>("ibv_dereg_mr")(region);
}

int ibv_get_async_event(ibv_context* context, ibv_async_event* event) {
    const int result =
        meddling::library<int (*)(ibv_context*, ibv_async_event*)>("ibv_get_async_event")(context, event);
    if (result != 0) return result;
    if (const int told = meddling::event_told_as.exchange(-1); told >= 0) {
        event->event_type = static_cast<ibv_event_type>(told);
    }
    return 0;
}

}  // extern "C"
