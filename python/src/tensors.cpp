#include "bindings.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <vector>

namespace remit::python {
namespace {

using namespace nb::literals;

/// Memory of somebody else's array, found through DLPack or the buffer protocol and never copied. Keeps the array alive.
class Exported {
public:
    explicit Exported(nb::ndarray<nb::ro> array) : array_(std::move(array)) {}

    [[nodiscard]] std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(array_.data()); }
    [[nodiscard]] std::vector<std::int64_t> shape() const { return {array_.shape_ptr(), array_.shape_ptr() + array_.ndim()}; }
    [[nodiscard]] int code() const { return array_.dtype().code; }
    [[nodiscard]] int bits() const { return array_.dtype().bits * array_.dtype().lanes; }
    [[nodiscard]] int device_type() const { return array_.device_type(); }
    [[nodiscard]] int device_id() const { return array_.device_id(); }
    [[nodiscard]] bool contiguous() const {
        std::int64_t step = 1;
        for (std::size_t i = array_.ndim(); i-- > 0;) {
            const auto extent = static_cast<std::int64_t>(array_.shape(i));
            if (extent != 1 && array_.stride(i) != step) return array_.size() == 0;
            step *= extent;
        }
        return true;
    }

private:
    nb::ndarray<nb::ro> array_;
};

/// @throws nb::cast_error where the object is no array, or a read-only one and `writable`
Exported exported(nb::handle object, bool writable) {
    // `false`: nothing is converted, which would be a copy.
    nb::ndarray<> array;
    nb::ndarray<nb::ro> readable;
    const bool found = writable ? nb::try_cast(object, array, false) : nb::try_cast(object, readable, false);
    if (!found) throw nb::type_error(writable ? "no writable array" : "no array");
    return Exported(writable ? nb::ndarray<nb::ro>(array) : readable);
}

}  // namespace

void bind_tensors(nb::module_& module) {
    nb::class_<Exported>(module, "Exported")
        .def_prop_ro("address", &Exported::address)
        .def_prop_ro("shape", &Exported::shape)
        .def_prop_ro("code", &Exported::code, "DLPack's number of the type.")
        .def_prop_ro("bits", &Exported::bits)
        .def_prop_ro("device_type", &Exported::device_type, "DLPack's number of the device's kind.")
        .def_prop_ro("device_id", &Exported::device_id)
        .def_prop_ro("contiguous", &Exported::contiguous);
    module.def("exported", &exported, "array"_a, "writable"_a);
}

}  // namespace remit::python
