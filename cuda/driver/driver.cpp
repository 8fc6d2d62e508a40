#include "driver/driver.hpp"

#include <remit/error.hpp>

namespace remit::gpu {

std::string error_text(const Driver& driver, std::string_view call, CUresult error) {
    const char* name = nullptr;
    const char* words = nullptr;
    if (driver.error_name(error, &name) != CUDA_SUCCESS || name == nullptr) name = "an error this driver does not name";
    if (driver.error_string(error, &words) != CUDA_SUCCESS || words == nullptr) words = "no description";
    return std::string(call) + ": " + name + " (" + std::to_string(static_cast<int>(error)) + "): " + words;
}

void require(const Driver& driver, std::string_view call, CUresult result, std::string_view context) {
    if (result == CUDA_SUCCESS) return;
    std::string text = error_text(driver, call, result);
    if (!context.empty()) text += "; " + std::string(context);
    throw Error(ErrorKind::environment, text);
}

}  // namespace remit::gpu
