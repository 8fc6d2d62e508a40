// Layouts, enumerations and records: what is copied, not shared.

#include "bindings.hpp"

#include <remit/remit.hpp>

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <string>

namespace remit::python {
namespace {

using namespace nb::literals;

Layout multimodal(std::uint32_t block_size, std::uint32_t hidden, const std::string& dtype, std::uint32_t deepstack,
                  const std::string& arrangement) {
    Layout::Shape shape{.block_size = block_size, .hidden = hidden, .deepstack = deepstack};
    const auto type = dtype_from(dtype);
    if (!type) throw Error(ErrorKind::bad_argument, "dtype is \"" + dtype + "\"; permitted: bf16, fp16, fp32, fp8");
    const auto arranged = arrangement_from(arrangement);
    if (!arranged) throw Error(ErrorKind::bad_argument, "arrangement is \"" + arrangement + "\"; permitted: segments, slab");
    shape.dtype = *type;
    shape.arrangement = *arranged;
    return Layout::multimodal(shape);
}

void bind_enums(nb::module_& module) {
    nb::enum_<Status>(module, "Status", nb::is_arithmetic(), "State of a request. A min() over ranks makes FAILED win.")
        .value("FAILED", Status::Failed)
        .value("BOOTSTRAPPING", Status::Bootstrapping)
        .value("WAITING_FOR_INPUT", Status::WaitingForInput)
        .value("TRANSFERRING", Status::Transferring)
        .value("SUCCESS", Status::Success);
    nb::enum_<SenderAnswer>(module, "Answer", "What the embedding worker last said of a room: whether waiting helps.")
        .value("NONE", SenderAnswer::none)
        .value("NOT_READY", SenderAnswer::not_ready)
        .value("COMING", SenderAnswer::coming)
        .value("NEVER", SenderAnswer::never)
        .value("UNKNOWN", SenderAnswer::unknown)
        .value("FAILED", SenderAnswer::failed);
}

void bind_layout(nb::module_& module) {
    nb::class_<Segment>(module, "Segment", "One kind of data of a block: planes of one row a token.")
        .def_prop_ro("kind", [](const Segment& s) { return std::string(to_string(s.kind)); }, "\"embeddings\", \"fill_ids\", ...")
        .def_prop_ro("dtype", [](const Segment& s) { return std::string(to_string(s.dtype)); }, "\"bf16\", \"int32\", ...")
        .def_ro("planes", &Segment::planes)
        .def_ro("token_bytes", &Segment::token_bytes, "Bytes of one row of one plane.")
        .def_ro("once_per_request", &Segment::once_per_request, "True for aux_datas, which is no tensor.");
    nb::class_<Layout>(module, "Layout", "The segments of a block and their shapes.")
        .def_static("multimodal", &multimodal, nb::kw_only(), "block_size"_a = 128, "hidden"_a = 4096, "dtype"_a = "bf16",
                    "deepstack"_a = 0, "arrangement"_a = "segments",
                    "Embeddings, fill_ids, mrope_positions, aux_datas and, with deepstack, deepstack_embeddings.")
        .def_prop_ro("block_size", &Layout::block_size)
        .def_prop_ro("segments", &Layout::segments)
        .def("blocks_for", &Layout::blocks_for, "tokens"_a)
        .def("payload_bytes", &Layout::payload_bytes, "tokens"_a)
        .def("pool_bytes", &pool_bytes, "blocks"_a);
}

void bind_records(nb::module_& module) {
    nb::class_<Counters>(module, "Counters", "What a worker's own thread has done since its start.")
        .def_ro("turns", &Counters::turns)
        .def_ro("sleeps", &Counters::sleeps)
        .def_ro("work_requests", &Counters::work_requests)
        .def_ro("doorbells", &Counters::doorbells)
        .def_ro("signaled", &Counters::signaled);
    nb::class_<DataPath>(module, "DataPath", "How a worker holds its bytes, in words.")
        .def_ro("memory", &DataPath::memory)
        .def_ro("gpu_direct", &DataPath::gpu_direct)
        .def_ro("gather", &DataPath::gather);
    nb::class_<RoomEvent>(module, "RoomEvent", "What happened to a room and when.")
        .def_prop_ro("time", [](const RoomEvent& e) { return std::chrono::duration<double>(e.time.time_since_epoch()).count(); },
                     "Seconds, on the clock of time.monotonic().")
        .def_ro("what", &RoomEvent::what)
        .def_ro("round", &RoomEvent::round)
        .def_ro("first_token", &RoomEvent::first_token)
        .def_ro("tokens", &RoomEvent::tokens)
        .def_ro("blocks", &RoomEvent::blocks)
        .def_ro("status", &RoomEvent::status);
    nb::class_<KeyFiles>(module, "KeyFiles", "Where generate_keys() has put a key pair.")
        .def_ro("secret_key_file", &KeyFiles::secret_key_file)
        .def_ro("public_key_file", &KeyFiles::public_key_file)
        .def_ro("public_key", &KeyFiles::public_key);
}

}  // namespace

void bind_values(nb::module_& module) {
    bind_enums(module);
    bind_layout(module);
    bind_records(module);
    module.def("generate_keys", &generate_keys, "folder"_a,
               "Makes remit.key and remit.pub in a folder, which is made where it is missing; never replaces a key.");
}

}  // namespace remit::python
