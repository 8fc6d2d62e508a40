#include "tools/demo/demo_keys.hpp"

#include <remit/error.hpp>
#include <remit/keys.hpp>

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "tools/cli/option_table.hpp"

namespace remit::tools {
namespace {

std::filesystem::path make_folder() {
    std::error_code error;
    const std::filesystem::path base = std::filesystem::temp_directory_path(error);
    std::string name = (base / "remit-demo-XXXXXX").string();
    if (error || mkdtemp(name.data()) == nullptr) {
        throw Error(ErrorKind::environment, "no folder for the demo's keys, " + name + ": " +
                                                (error ? error.message() : std::strerror(errno)) +
                                                "; set TMPDIR to a folder that can be written");
    }
    return name;
}

std::string half_name(Command half) {
    return std::string(to_string(half));
}

}  // namespace

DemoKeys::DemoKeys() : folder_(make_folder()) {
    try {
        for (const Command half : {Command::embed, Command::language}) generate_keys(folder_ / half_name(half));
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
        throw;
    }
}

DemoKeys::~DemoKeys() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Options DemoKeys::added_to(Options options, Command half) const {
    const bool embeds = half == Command::embed;
    const std::filesystem::path own = folder_ / half_name(half);
    const std::filesystem::path other = folder_ / half_name(embeds ? Command::language : Command::embed);
    options.key = own / "remit.key";
    options.server_key = embeds ? "" : (other / "remit.pub").string();
    options.allow_keys = embeds ? other.string() : "";
    return options;
}

std::vector<std::string> DemoKeys::arguments(Command half) const {
    const Options options = added_to({}, half);
    if (half == Command::embed) return {"--key=" + options.key, "--allow-keys=" + options.allow_keys};
    return {"--key=" + options.key, "--server-key=" + options.server_key};
}

}  // namespace remit::tools
