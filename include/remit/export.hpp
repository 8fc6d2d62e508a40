#pragma once

// Plain preprocessor, for C and C++ headers alike. libremit is compiled with -fvisibility=hidden: a shared library of it
// shows what carries REMIT_API and nothing else. scripts/abi_check.sh compares what it shows with a list.

#if defined(__GNUC__)
/// On a function or class of the public API. Polymorphic and thrown types need it too: their type is compared across
/// libraries.
#define REMIT_API __attribute__((visibility("default")))
/// On what is defined inside a class with REMIT_API, whose visibility it would have, and is no part of the API.
#define REMIT_LOCAL __attribute__((visibility("hidden")))
#else
#define REMIT_API
#define REMIT_LOCAL
#endif
