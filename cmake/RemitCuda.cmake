# GPU support. REMIT_CUDA=AUTO uses a toolkit where one is found, ON wants one, OFF looks for none.
# Sets REMIT_CUDA_FOUND.
set(REMIT_CUDA AUTO CACHE STRING "GPU kernels: AUTO, ON or OFF")
set_property(CACHE REMIT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(REMIT_CUDA_FOUND FALSE)
set(REMIT_CUDA_OLDEST 12.4)
set(REMIT_CUDA_NEXT 14)

if(NOT REMIT_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "REMIT_CUDA is \"${REMIT_CUDA}\"; permitted: AUTO, ON, OFF")
endif()

# A toolkit that cannot be used: the end where one was asked for, else one line.
macro(remit_without_cuda reason)
  if(REMIT_CUDA STREQUAL "ON")
    message(FATAL_ERROR "REMIT_CUDA=ON, but ${reason}")
  endif()
  message(STATUS "remit: GPU support is left out: ${reason}")
endmacro()

if(NOT REMIT_CUDA STREQUAL "OFF")
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(REMIT_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
    if(REMIT_NVCC)
      # Through the environment of this process, so that check_language() tries it and a broken one is no error.
      set(ENV{CUDACXX} "${REMIT_NVCC}")
    endif()
    mark_as_advanced(REMIT_NVCC)
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    # Chosen for each target below, when the toolkit's version is known.
    set(CMAKE_CUDA_ARCHITECTURES OFF)
  endif()
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    remit_without_cuda("no CUDA toolkit was found; install one (${REMIT_CUDA_OLDEST} to 13.x) and set CUDACXX or CMAKE_CUDA_COMPILER to its nvcc")
  else()
    enable_language(CUDA)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS REMIT_CUDA_OLDEST OR
       CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL REMIT_CUDA_NEXT)
      remit_without_cuda("${CMAKE_CUDA_COMPILER} is ${CMAKE_CUDA_COMPILER_VERSION}; this version takes ${REMIT_CUDA_OLDEST} to 13.x")
    else()
      set(REMIT_CUDA_FOUND TRUE)
    endif()
  endif()
endif()

if(REMIT_CUDA_FOUND)
  # Linked statically: a binary that asks for libcudart.so.12 breaks where 13 is installed, and runs nowhere without
  # one. The static runtime looks for the driver when it is first called.
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
  if(NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
    set(CMAKE_CUDA_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
  find_package(CUDAToolkit REQUIRED)
  set(REMIT_CUDA_REAL 80 90)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 12.8)
    list(APPEND REMIT_CUDA_REAL 100)
  endif()
  # Machine code for each of these, and PTX of the last for what comes later.
  list(TRANSFORM REMIT_CUDA_REAL APPEND "-real" OUTPUT_VARIABLE REMIT_CUDA_ARCHITECTURES)
  list(GET REMIT_CUDA_REAL -1 REMIT_CUDA_NEWEST)
  list(APPEND REMIT_CUDA_ARCHITECTURES "${REMIT_CUDA_NEWEST}-virtual")
  message(STATUS "remit: GPU support with CUDA ${CMAKE_CUDA_COMPILER_VERSION} for ${REMIT_CUDA_ARCHITECTURES}")
endif()
