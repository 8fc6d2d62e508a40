#include "bindings.hpp"

NB_MODULE(_core, module) {
    using namespace remit::python;
    // What a program still has at its end is no leak of remit's.
    nb::set_leak_warnings(false);
    module.def("version", [] { return REMIT_VERSION; });
    bind_errors(module);
    bind_values(module);
    bind_config(module);
    bind_tensors(module);
    bind_embedding(module);
    bind_language(module);
}
