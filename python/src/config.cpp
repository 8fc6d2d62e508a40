#include "bindings.hpp"

#include <remit/config.hpp>
#include <remit/error.hpp>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace remit::python {
namespace {

using namespace nb::literals;

std::string value_of(const ConfigLoader& loader, const std::string& name) {
    const std::vector<ConfigValue> values = loader.values();
    const auto found = std::find_if(values.begin(), values.end(), [&](const ConfigValue& value) { return value.key == name; });
    if (found != values.end()) return found->value;
    throw Error(ErrorKind::bad_argument, "there is no option \"" + name + "\"; Config.names() has all");
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const ConfigKey& key : config_keys()) all.push_back(key.key);
    return all;
}

}  // namespace

void bind_config(nb::module_& module) {
    nb::class_<ConfigLoader>(module, "ConfigLoader")
        .def(nb::init<>())
        .def("set", [](ConfigLoader& loader, const std::string& name, const std::string& value) {
            loader.set(name, value, "remit.Config");
        }, "name"_a, "value"_a)
        .def("read_file", &ConfigLoader::read_file, "path"_a)
        .def("read_environment", nb::overload_cast<>(&ConfigLoader::read_environment))
        .def("check", &ConfigLoader::check)
        .def("get", &value_of, "name"_a)
        .def_static("names", &names);
}

}  // namespace remit::python
