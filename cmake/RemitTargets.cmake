# One object library a layer. A layer sees the headers of the layers that it links, and no others: each layer's
# folder is reached through an include root of its own, so that an upward include does not find its file.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(remit_settings INTERFACE)
target_compile_features(remit_settings INTERFACE cxx_std_20)
target_include_directories(remit_settings INTERFACE "${PROJECT_SOURCE_DIR}/include")

# Below the top build folder, also where remit is part of another project: the compiler is then called with the same
# words in each build, and one cache serves them all.
set(REMIT_INCLUDE_ROOTS "${CMAKE_BINARY_DIR}/remit_include_roots")

function(remit_include_root layer)
  set(root "${REMIT_INCLUDE_ROOTS}/${layer}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/src/${layer}" "${root}/${layer}" SYMBOLIC)
endfunction()

# What goes into libremit: object libraries, whose symbols a shared libremit hides unless they carry REMIT_API, and
# what those link. An installed libremit names the libraries to its users and knows nothing of the layers.
function(remit_objects)
  cmake_parse_arguments(ARG "" "" "TARGETS;LIBRARIES" ${ARGN})
  foreach(target IN LISTS ARG_TARGETS)
    set_target_properties(${target} PROPERTIES
      CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endforeach()
  set_property(GLOBAL APPEND PROPERTY REMIT_OBJECTS ${ARG_TARGETS})
  set_property(GLOBAL APPEND PROPERTY REMIT_LIBRARIES ${ARG_LIBRARIES})
endfunction()

# remit_layer(plan SOURCES a.cpp b.cpp LINKS pool base LIBRARIES spdlog::spdlog HEADERS tl::expected)
# HEADERS: libraries of headers alone, of which nothing is left to link.
function(remit_layer layer)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LIBRARIES;HEADERS" ${ARGN})
  remit_include_root(${layer})
  add_library(remit_${layer} OBJECT ${ARG_SOURCES})
  target_include_directories(remit_${layer} PUBLIC "${REMIT_INCLUDE_ROOTS}/${layer}")
  target_link_libraries(remit_${layer} PUBLIC remit_settings ${ARG_LIBRARIES} ${ARG_HEADERS})
  foreach(lower IN LISTS ARG_LINKS)
    target_link_libraries(remit_${layer} PUBLIC remit_${lower})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY REMIT_LAYERS remit_${layer})
  remit_objects(TARGETS remit_${layer} LIBRARIES ${ARG_LIBRARIES})
endfunction()

# remit_library(remit_static STATIC): libremit of that kind, of all objects.
function(remit_library target kind)
  get_property(objects GLOBAL PROPERTY REMIT_OBJECTS)
  get_property(libraries GLOBAL PROPERTY REMIT_LIBRARIES)
  list(REMOVE_DUPLICATES libraries)
  add_library(${target} ${kind})
  foreach(part IN LISTS objects)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${part}>)
  endforeach()
  target_link_libraries(${target} PRIVATE ${libraries})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME remit LINKER_LANGUAGE CXX)
endfunction()
