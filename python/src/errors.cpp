#include "bindings.hpp"

#include <remit/error.hpp>

namespace remit::python {
namespace {

const char* name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::bad_argument: return "bad_argument";
        case ErrorKind::misuse: return "misuse";
        case ErrorKind::environment: return "environment";
        case ErrorKind::exhausted: return "exhausted";
        case ErrorKind::refused: return "refused";
        case ErrorKind::internal: return "internal";
    }
    return "internal";
}

/// The classes are Python's, in remit/_errors.py: one for each kind.
void translate(const std::exception_ptr& thrown, void*) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        const nb::object made = nb::module_::import_("remit._errors").attr("of_kind")(name_of(error.kind()), error.what());
        PyErr_SetObject(made.type().ptr(), made.ptr());
    }
}

}  // namespace

void bind_errors(nb::module_&) { nb::register_exception_translator(translate); }

}  // namespace remit::python
