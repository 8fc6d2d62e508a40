# One object library a layer. A layer sees the headers of the layers that it links, and no others: each layer's
# folder is reached through an include root of its own, so that an upward include does not find its file.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(remit_settings INTERFACE)
target_compile_features(remit_settings INTERFACE cxx_std_20)
target_include_directories(remit_settings INTERFACE "${PROJECT_SOURCE_DIR}/include")

function(remit_include_root layer)
  set(root "${PROJECT_BINARY_DIR}/include_roots/${layer}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/src/${layer}" "${root}/${layer}" SYMBOLIC)
endfunction()

# remit_layer(plan SOURCES a.cpp b.cpp LINKS pool base LIBRARIES spdlog::spdlog)
function(remit_layer layer)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LIBRARIES" ${ARGN})
  remit_include_root(${layer})
  add_library(remit_${layer} OBJECT ${ARG_SOURCES})
  target_include_directories(remit_${layer} PUBLIC "${PROJECT_BINARY_DIR}/include_roots/${layer}")
  target_link_libraries(remit_${layer} PUBLIC remit_settings ${ARG_LIBRARIES})
  foreach(lower IN LISTS ARG_LINKS)
    target_link_libraries(remit_${layer} PUBLIC remit_${lower})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY REMIT_LAYERS remit_${layer})
endfunction()
