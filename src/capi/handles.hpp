#pragma once

#include <remit/config.hpp>
#include <remit/embedding_worker.hpp>
#include <remit/language_worker.hpp>
#include <remit/layout.hpp>
#include <remit/remit.h>

#include <atomic>
#include <cstddef>
#include <vector>

// What the opaque handles of <remit/remit.h> are.

struct remit_layout {
    remit::Layout value;
};

struct remit_config {
    remit::ConfigLoader loader{};
    void* pool = nullptr;  ///< no text says an address
    std::size_t pool_size = 0;
};

struct remit_embedding_worker {
    remit::EmbeddingWorker value;
};

struct remit_language_worker {
    remit::LanguageWorker value;
};

struct remit_send {
    remit::Send value;
};

struct remit_adopted {
    remit::AdoptedMemory value;
};

struct remit_reception {
    remit::Reception value;
    bool keeps_blocks;
    mutable std::atomic<bool> succeeded{false};  ///< told so, maybe before poll() does: by a wait on a stream
    mutable std::atomic<bool> released{false};
};

struct remit_history {
    std::vector<remit::RoomEvent> events;
};
