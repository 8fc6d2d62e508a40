# NVTX ranges for NVIDIA's profilers, around copies and flushes. Off by default: NVTX loads a tool that the environment
# names (NVTX_INJECTION64_PATH), and the library otherwise reads none. AUTO takes them where the toolkit has its header, ON
# wants that. Sets REMIT_NVTX_FOUND.
set(REMIT_NVTX OFF CACHE STRING "NVTX ranges: AUTO, ON or OFF")
set_property(CACHE REMIT_NVTX PROPERTY STRINGS AUTO ON OFF)
set(REMIT_NVTX_FOUND FALSE)

if(NOT REMIT_NVTX MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "REMIT_NVTX is \"${REMIT_NVTX}\"; permitted: AUTO, ON, OFF")
endif()

if(NOT REMIT_NVTX STREQUAL "OFF")
  find_path(REMIT_NVTX_INCLUDE nvtx3/nvToolsExt.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  mark_as_advanced(REMIT_NVTX_INCLUDE)
  if(REMIT_NVTX_INCLUDE)
    set(REMIT_NVTX_FOUND TRUE)
    # For all that is built here, so that a header with a range in it means one thing.
    add_compile_definitions(REMIT_NVTX)
    include_directories(SYSTEM "${REMIT_NVTX_INCLUDE}")
    message(STATUS "remit: NVTX ranges with ${REMIT_NVTX_INCLUDE}/nvtx3")
  elseif(REMIT_NVTX STREQUAL "ON")
    message(FATAL_ERROR "REMIT_NVTX=ON, but nvtx3/nvToolsExt.h was not found; it comes with the CUDA toolkit: set CUDACXX or "
                        "REMIT_NVTX_INCLUDE, or REMIT_NVTX=OFF")
  else()
    message(STATUS "remit: NVTX ranges are left out: no nvtx3/nvToolsExt.h")
  endif()
endif()
