#include "bindings.hpp"
#include "holder.hpp"
#include "view.hpp"

#include <remit/config.hpp>
#include <remit/embedding_worker.hpp>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace remit::python {
namespace {

using namespace nb::literals;
using Worker = Held<EmbeddingWorker>;
using Unlocked = nb::call_guard<nb::gil_scoped_release>;

Aux aux_of(const std::vector<std::int32_t>& values) {
    if (values.size() > kAuxItems) {
        throw Error(ErrorKind::bad_argument, "aux has " + std::to_string(values.size()) + " values; permitted: up to " +
                                                 std::to_string(kAuxItems));
    }
    Aux aux{};
    std::copy(values.begin(), values.end(), aux.begin());
    return aux;
}

std::optional<Stream> stream_of(std::optional<std::uintptr_t> handle) {
    if (!handle) return std::nullopt;
    return Stream(reinterpret_cast<void*>(*handle));
}

struct SendArguments {
    std::uint64_t room;
    std::uint64_t tokens;
    std::vector<std::int32_t> aux;
    int priority;
    std::optional<std::uint64_t> ready;
    std::optional<std::uintptr_t> stream;
};

Send send(const Worker& worker, Source source, const SendArguments& given) {
    const std::shared_ptr<EmbeddingWorker> held = worker.get();
    SendOptions options;
    options.priority = given.priority;
    options.ready_tokens = given.ready;
    options.stream = stream_of(given.stream);
    const Aux aux = aux_of(given.aux);
    const nb::gil_scoped_release unlocked;
    return held->send(given.room, std::move(source), given.tokens, aux, options);
}

Send send_blocks(const Worker& worker, std::uint64_t room, BlockTable blocks, std::uint64_t tokens, std::vector<std::int32_t> aux,
                 int priority, std::optional<std::uint64_t> ready, std::optional<std::uintptr_t> stream) {
    return send(worker, std::move(blocks), {room, tokens, std::move(aux), priority, ready, stream});
}

Send send_tensors(const Worker& worker, std::uint64_t room, const std::vector<std::uintptr_t>& addresses, std::uint64_t tokens,
                  std::vector<std::int32_t> aux, int priority, std::optional<std::uint64_t> ready,
                  std::optional<std::uintptr_t> stream) {
    ContiguousSource source;
    for (const std::uintptr_t address : addresses) source.data.push_back(reinterpret_cast<const void*>(address));
    return send(worker, std::move(source), {room, tokens, std::move(aux), priority, ready, stream});
}

nb::object block(const Worker& worker, std::size_t segment, BlockId block, bool raw) {
    const std::shared_ptr<EmbeddingWorker> held = worker.get();
    SourcePool& pool = held->pool();
    const RowAddress row = [&](std::uint32_t plane, std::uint64_t token) { return pool.row(segment, block, plane, token); };
    return array_of({pool.layout(), segment, row, held->data_path().memory, raw, true}, owner_of(held));
}

void ready(const Send& send, std::uint64_t tokens, std::optional<std::uintptr_t> stream) {
    const nb::gil_scoped_release unlocked;
    if (stream) {
        send.ready(tokens, *stream_of(stream));
    } else {
        send.ready(tokens);
    }
}

void bind_send(nb::module_& module) {
    nb::class_<Send>(module, "Send")
        .def("poll", &Send::poll)
        .def("wait", [](const Send& s, double seconds) {
            return wait_interruptibly(seconds, [&](auto deadline) { return s.wait(deadline); });
        }, "seconds"_a)
        .def("reason", &Send::reason, Unlocked())
        .def("descriptor", &Send::descriptor, Unlocked())
        .def("ready", &ready, "tokens"_a, "stream"_a.none())
        .def("abort", &Send::abort, Unlocked())
        .def("rounds", &Send::rounds)
        .def("writes", &Send::writes)
        .def("bytes", &Send::bytes)
        .def("gathered", &Send::gathered)
        .def("failed_ranks", &Send::failed_ranks);
}

void bind_adopted(nb::module_& module) {
    nb::class_<AdoptedMemory>(module, "AdoptedMemory")
        .def_prop_ro("gpu_direct", &AdoptedMemory::gpu_direct)
        .def_prop_ro("reason", &AdoptedMemory::reason);
}

}  // namespace

void bind_embedding(nb::module_& module) {
    bind_send(module);
    bind_adopted(module);
    nb::class_<Worker>(module, "EmbeddingWorker")
        .def("__init__", [](Worker* self, const ConfigLoader& config, const Layout& layout, std::uint32_t blocks) {
            config.check();
            new (self) Worker(config.config().embedding, layout, blocks);
        }, "config"_a, "layout"_a, "blocks"_a)
        .def("closed", &Worker::closed)
        .def("close", &Worker::close)
        .def("stop", &Worker::stop, "drain"_a)
        .def("endpoint", [](const Worker& w) { return w.get()->endpoint(); })
        .def("device", [](const Worker& w) { return w.get()->device(); })
        .def("data_path", [](const Worker& w) { return w.get()->data_path(); })
        .def("counters", [](const Worker& w) { return w.get()->counters(); })
        .def("blocks", [](const Worker& w) { return w.get()->pool().blocks(); })
        .def("free_blocks", [](const Worker& w) { return w.get()->pool().free_blocks(); })
        .def("allocate", [](const Worker& w, std::uint64_t tokens) { return w.get()->pool().allocate(tokens); }, "tokens"_a)
        .def("free", [](const Worker& w, const BlockTable& table) { w.get()->pool().free(table); }, "table"_a)
        .def("block", &block, "segment"_a, "block"_a, "raw"_a)
        .def("send_blocks", &send_blocks, "room"_a, "blocks"_a, "tokens"_a, "aux"_a, "priority"_a, "ready"_a.none(),
             "stream"_a.none())
        .def("send_tensors", &send_tensors, "room"_a, "addresses"_a, "tokens"_a, "aux"_a, "priority"_a, "ready"_a.none(),
             "stream"_a.none())
        .def("reject", [](const Worker& w, std::uint64_t room, std::string reason) { w.get()->reject(room, std::move(reason)); },
             "room"_a, "reason"_a)
        .def("adopt", [](const Worker& w, std::uintptr_t address, std::size_t bytes) {
            const auto held = w.get();
            const nb::gil_scoped_release unlocked;
            return held->adopt(reinterpret_cast<const void*>(address), bytes);
        }, "address"_a, "bytes"_a);
}

}  // namespace remit::python
