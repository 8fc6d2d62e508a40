#pragma once

#include <remit/types.hpp>

#include <cstddef>
#include <string_view>

/// What goes into a caller's memory.
namespace remit::capi {

/// @throws TooSmall naming both numbers.
void require_room(const char* name, std::size_t capacity, std::size_t needed);

/// Text with a 0 at its end. `length` may be null; it is told what the text takes before anything can be too small.
void copy_text(std::string_view text, char* buffer, std::size_t capacity, std::size_t* length);

/// Text with a 0 at its end into a field of a struct that is filled here. @throws Error(internal) where the field is too short.
void put_text(std::string_view text, char* field, std::size_t capacity);

/// Block numbers, told and refused as copy_text() does.
void copy_blocks(const BlockTable& table, BlockId* blocks, std::size_t capacity, std::size_t& count);

}  // namespace remit::capi
