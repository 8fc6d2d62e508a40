#include "view.hpp"

#include <remit/error.hpp>

#include <nanobind/ndarray.h>

#include <string>
#include <vector>

namespace remit::python {
namespace {

nb::dlpack::dtype dlpack_type(DType dtype) {
    using Code = nb::dlpack::dtype_code;
    const auto type = [](Code code, std::uint8_t bits) { return nb::dlpack::dtype{static_cast<std::uint8_t>(code), bits, 1}; };
    switch (dtype) {
        case DType::bf16: return type(Code::Bfloat, 16);
        case DType::fp16: return type(Code::Float, 16);
        case DType::fp32: return type(Code::Float, 32);
        case DType::fp8: return type(Code::Float8_E4M3FN, 8);
        case DType::int32: return type(Code::Int, 32);
    }
    return type(Code::UInt, 8);
}

struct Device {
    int type = nb::device::cpu::value;
    int id = 0;
};

Device device_of(const std::string& memory) {
    constexpr std::string_view kGpu = "cuda:";
    if (memory.rfind(kGpu, 0) != 0) return {};
    return {nb::device::cuda::value, std::stoi(memory.substr(kGpu.size()))};
}

/// With `Array` read-only or not.
template <class Array>
nb::object make(const View& view, const Segment& segment, nb::handle owner) {
    const nb::dlpack::dtype type = view.raw ? nb::dtype<std::uint8_t>() : dlpack_type(segment.dtype);
    const std::uint64_t item = type.bits / 8;
    const std::uint64_t elements = segment.token_bytes / item;
    const std::uint64_t rows = segment.rows(view.layout.block_size());
    const std::byte* const first = view.row(0, 0);
    std::vector<std::size_t> shape;
    std::vector<std::int64_t> strides;
    if (segment.planes > 1) {
        shape.push_back(segment.planes);
        strides.push_back((view.row(1, 0) - first) / static_cast<std::int64_t>(item));
    }
    shape.push_back(rows);
    strides.push_back(static_cast<std::int64_t>(elements));
    if (elements > 1) {
        shape.push_back(elements);
        strides.push_back(1);
    }
    const Device device = device_of(view.memory);
    const Array array(const_cast<std::byte*>(first), shape.size(), shape.data(), owner, strides.data(), type, device.type,
                      device.id);
    return nb::cast(array);
}

}  // namespace

nb::object array_of(const View& view, nb::handle owner) {
    const auto& segments = view.layout.segments();
    if (view.segment >= segments.size()) {
        throw Error(ErrorKind::bad_argument, "segment is " + std::to_string(view.segment) + "; permitted: 0 to " +
                                                 std::to_string(segments.size() - 1));
    }
    const Segment& segment = segments[view.segment];
    if (view.writable) return make<nb::ndarray<nb::array_api>>(view, segment, owner);
    return make<nb::ndarray<nb::array_api, nb::ro>>(view, segment, owner);
}

}  // namespace remit::python
