#pragma once

#include "base/log.hpp"

#include <infiniband/verbs.h>

#include <memory>
#include <system_error>

/// Owning handles of verbs objects. Members are declared in dependency order, so that they are destroyed in reverse.
namespace remit::fabric::verbs {

/// A failed destruction leaks the object until the context is closed; it is logged, since nothing else can be done.
template <auto Destroy>
struct Destroyer {
    template <class T>
    void operator()(T* object) const noexcept {
        const int error = Destroy(object);
        if (error == 0) return;
        log().error("a verbs object could not be destroyed: {} ({})", std::generic_category().message(error), error);
    }
};

template <class T, auto Destroy>
using Handle = std::unique_ptr<T, Destroyer<Destroy>>;

using ContextHandle = Handle<ibv_context, &ibv_close_device>;
using DomainHandle = Handle<ibv_pd, &ibv_dealloc_pd>;
using ChannelHandle = Handle<ibv_comp_channel, &ibv_destroy_comp_channel>;
using CompletionQueueHandle = Handle<ibv_cq, &ibv_destroy_cq>;
using ReceiveQueueHandle = Handle<ibv_srq, &ibv_destroy_srq>;
using QueuePairHandle = Handle<ibv_qp, &ibv_destroy_qp>;

}  // namespace remit::fabric::verbs
