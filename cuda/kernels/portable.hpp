#pragma once

/// Marks what runs on both sides; nothing where the compiler knows one side only.
#if defined(__CUDACC__)
#define REMIT_HOST_DEVICE __host__ __device__
#else
#define REMIT_HOST_DEVICE
#endif
