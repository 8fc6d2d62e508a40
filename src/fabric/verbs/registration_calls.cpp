#include "fabric/verbs/registrar.hpp"

#include <dlfcn.h>

#include <array>

namespace remit::fabric::verbs {
namespace {

// ibv_reg_mr() is a macro that picks the call which knows optional flags.
ibv_mr* reg_mr(ibv_pd* domain, void* address, std::size_t bytes, unsigned access) {
    return ibv_reg_mr(domain, address, bytes, access);
}

using Mlx5Register = decltype(RegistrationCalls::mlx5_reg_dmabuf_mr);
using Mlx5DataDirectPath = int (*)(ibv_context*, char* path, std::size_t bytes);

/// Present from rdma-core 54 on. A device without a data-direct path would refuse every such registration.
Mlx5Register find_mlx5_register(ibv_context* context) {
    // libibverbs has loaded it already where an mlx5 device is open; kept for the life of the process, as it does.
    void* library = ::dlopen("libmlx5.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (library == nullptr) return nullptr;
    const auto data_direct_path =
        reinterpret_cast<Mlx5DataDirectPath>(::dlsym(library, "mlx5dv_get_data_direct_sysfs_path"));
    const auto reg = reinterpret_cast<Mlx5Register>(::dlsym(library, "mlx5dv_reg_dmabuf_mr"));
    std::array<char, 4096> path{};
    if (data_direct_path == nullptr || reg == nullptr) return nullptr;
    return data_direct_path(context, path.data(), path.size()) == 0 ? reg : nullptr;
}

}  // namespace

RegistrationCalls registration_calls(ibv_context* context) {
    RegistrationCalls calls;
    calls.reg_mr = reg_mr;
    calls.reg_dmabuf_mr = ibv_reg_dmabuf_mr;
    calls.mlx5_reg_dmabuf_mr = find_mlx5_register(context);
    calls.dereg_mr = ibv_dereg_mr;
    return calls;
}

}  // namespace remit::fabric::verbs
