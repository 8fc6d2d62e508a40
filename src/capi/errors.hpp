#pragma once

#include <remit/error.hpp>
#include <remit/remit.h>

#include <spdlog/fmt/fmt.h>

#include <exception>
#include <new>
#include <string_view>

namespace remit::capi {

/// Keeps `message` for remit_last_error() of this thread, cut where it is longer than that holds; returns `code`.
remit_code fail(remit_code code, std::string_view message) noexcept;

[[nodiscard]] remit_code code_of(ErrorKind kind) noexcept;

/// What did not fit a caller's buffer.
class TooSmall : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The wall that no exception passes: runs `call` and makes a code of what it throws.
template <class Call>
remit_code guarded(Call&& call) noexcept {
    try {
        call();
        return REMIT_OK;
    } catch (const Error& error) {
        return fail(code_of(error.kind()), error.what());
    } catch (const TooSmall& error) {
        return fail(REMIT_TOO_SMALL, error.what());
    } catch (const std::bad_alloc&) {
        return fail(REMIT_NO_MEMORY, "the process has no memory left");
    } catch (const std::exception& error) {
        return fail(REMIT_INTERNAL, error.what());
    } catch (...) {
        return fail(REMIT_INTERNAL, "an exception of an unknown kind");
    }
}

/// `*pointer`. @throws Error(bad_argument) naming the parameter where it is null.
template <class Value>
Value& needed(Value* pointer, const char* name) {
    if (pointer == nullptr) throw Error(ErrorKind::bad_argument, fmt::format("{} is null", name));
    return *pointer;
}

}  // namespace remit::capi
