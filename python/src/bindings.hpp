#pragma once

#include <nanobind/nanobind.h>

/// The parts of the extension module remit._core; remit/*.py builds what users see from them.
namespace remit::python {

namespace nb = nanobind;

void bind_errors(nb::module_& module);
void bind_values(nb::module_& module);
void bind_config(nb::module_& module);
void bind_tensors(nb::module_& module);
void bind_embedding(nb::module_& module);
void bind_language(nb::module_& module);

}  // namespace remit::python
