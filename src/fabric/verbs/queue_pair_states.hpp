#pragma once

#include "fabric/verbs/device.hpp"

/// The steps of a reliable connection, one function each. @throws Error(environment) naming the step.
namespace remit::fabric::verbs {

void to_init(const Device& device, ibv_qp* queue_pair);
void to_ready_to_receive(const Device& device, ibv_qp* queue_pair, const QueuePairAddress& local,
                         const QueuePairAddress& remote);
void to_ready_to_send(const Device& device, ibv_qp* queue_pair, const QueuePairAddress& local);
/// Returns errno, 0 where it worked.
int to_error_state(ibv_qp* queue_pair) noexcept;

}  // namespace remit::fabric::verbs
