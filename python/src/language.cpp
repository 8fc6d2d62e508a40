#include "bindings.hpp"
#include "holder.hpp"
#include "view.hpp"

#include <remit/config.hpp>
#include <remit/language_worker.hpp>

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace remit::python {
namespace {

using namespace nb::literals;
using Worker = Held<LanguageWorker>;
using Unlocked = nb::call_guard<nb::gil_scoped_release>;

/// A Python function that C++ threads call, copy and let go of.
using SharedCallable = std::shared_ptr<nb::object>;

SharedCallable shared(nb::object callable) {
    return {new nb::object(std::move(callable)), [](nb::object* last) {
                // Past the interpreter's end nobody may touch its objects, and nobody will miss this one.
                if (!nb::is_alive()) return;
                const nb::gil_scoped_acquire locked;
                delete last;
            }};
}

/// What remit/_language.py makes of a user's sink: it returns addresses, or a sentence that says why not.
using SinkAnswer = std::variant<std::string, std::vector<std::uintptr_t>>;

SinkAnswer ask(const nb::object& callable, std::uint64_t tokens) {
    const nb::gil_scoped_acquire locked;
    // What Python throws must be gone before the lock is.
    try {
        return nb::cast<SinkAnswer>(callable(tokens));
    } catch (const std::exception& error) {
        return std::string(error.what());
    }
}

Sink sink_of(nb::object callable) {
    return [callable = shared(std::move(callable))](std::uint64_t tokens) {
        const SinkAnswer answer = ask(*callable, tokens);
        if (const auto* refusal = std::get_if<std::string>(&answer)) throw Error(ErrorKind::misuse, *refusal);
        SinkTensors tensors;
        for (const std::uintptr_t address : std::get<1>(answer)) tensors.data.push_back(reinterpret_cast<void*>(address));
        return tensors;
    };
}

Reception receive(const Worker& worker, std::uint64_t room, const std::string& endpoint, std::optional<std::uint64_t> expected,
                  nb::object sink, std::uint32_t destinations, double deadline, bool owns_deadline, std::string server_key) {
    const std::shared_ptr<LanguageWorker> held = worker.get();
    ReceiveOptions options;
    options.expected_tokens = expected;
    options.required_dst_info_num = destinations;
    options.deadline = std::chrono::milliseconds(static_cast<std::int64_t>(deadline * 1000));
    options.owns_deadline = owns_deadline;
    options.server_key = std::move(server_key);
    if (!sink.is_none()) options.into = sink_of(std::move(sink));
    const nb::gil_scoped_release unlocked;
    return held->receive(room, endpoint, std::move(options));
}

/// A view of a kept block keeps `keeper`, the reception, whose end would give the block back.
nb::object block(const Worker& worker, std::size_t segment, BlockId block, bool raw, nb::object keeper) {
    const std::shared_ptr<LanguageWorker> held = worker.get();
    const RowAddress row = [&](std::uint32_t plane, std::uint64_t token) { return held->row(segment, block, plane, token); };
    return array_of({held->layout(), segment, row, held->data_path().memory, raw, false},
                    nb::make_tuple(owner_of(held), std::move(keeper)));
}

void bind_reception(nb::module_& module) {
    nb::class_<Reception>(module, "Reception")
        .def("poll", &Reception::poll)
        .def("wait", [](const Reception& r, double seconds) {
            return wait_interruptibly(seconds, [&](auto deadline) { return r.wait(deadline); });
        }, "seconds"_a)
        .def("wait_on", [](const Reception& r, std::uintptr_t stream, double seconds) {
            const Stream handle(reinterpret_cast<void*>(stream));
            return wait_interruptibly(seconds, [&](auto deadline) { return r.wait(handle, deadline); });
        }, "stream"_a, "seconds"_a)
        .def("reason", &Reception::reason, Unlocked())
        .def("descriptor", &Reception::descriptor, Unlocked())
        .def("abort", &Reception::abort, "reason"_a, Unlocked())
        .def("answer", &Reception::answer)
        .def("total_tokens", &Reception::total_tokens)
        .def("rounds", &Reception::rounds)
        .def("resumes", &Reception::resumes)
        .def("aux", &Reception::aux, Unlocked())
        .def("table", &Reception::table, Unlocked())
        .def("release", &Reception::release, Unlocked())
        .def("history", &Reception::history, Unlocked());
}

}  // namespace

void bind_language(nb::module_& module) {
    bind_reception(module);
    nb::class_<Worker>(module, "LanguageWorker")
        .def("__init__", [](Worker* self, const ConfigLoader& config, const Layout& layout, std::uint32_t blocks) {
            config.check();
            new (self) Worker(config.config().language, layout, blocks);
        }, "config"_a, "layout"_a, "blocks"_a)
        .def("closed", &Worker::closed)
        .def("close", &Worker::close)
        .def("stop", &Worker::stop, "drain"_a)
        .def("endpoint", [](const Worker& w) { return w.get()->endpoint(); })
        .def("device", [](const Worker& w) { return w.get()->device(); })
        .def("data_path", [](const Worker& w) { return w.get()->data_path(); })
        .def("counters", [](const Worker& w) { return w.get()->counters(); })
        .def("blocks", [](const Worker& w) { return w.get()->pool_blocks(); })
        .def("free_blocks", [](const Worker& w) { return w.get()->free_blocks(); })
        .def("guessed_tokens", [](const Worker& w) { return w.get()->guessed_tokens(); })
        .def("block", &block, "segment"_a, "block"_a, "raw"_a, "keeper"_a.none())
        .def("receive", &receive, "room"_a, "endpoint"_a, "expected"_a.none(), "sink"_a.none(), "destinations"_a, "deadline"_a,
             "owns_deadline"_a, "server_key"_a);
}

}  // namespace remit::python
