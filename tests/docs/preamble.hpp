#pragma once

// What the examples of the pages use and do not declare: a reader's own names. scripts/docs_test.py compiles each example after it.

#include <remit/remit.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace documentation {

inline constexpr remit::RoomId room = 7;
inline constexpr std::uint64_t total_tokens = 2000;

remit::SinkTensors my_tensors(std::uint64_t total);
remit::ContiguousSource encoder_output();
void use(std::uint64_t tokens, const remit::Aux& aux);
void log(const std::string& reason);
void encode_next_image();
int my_epoll();
std::uint64_t tokens_so_far();
void* cuda_stream();

}  // namespace documentation
