#pragma once

#include "metrics/counter.hpp"
#include "metrics/histogram.hpp"

namespace remit::worker {

using metrics::Counter;

/// What a worker's loop does.
struct LoopCounters {
    Counter turns;   ///< looks at everything there is to look at
    Counter sleeps;  ///< waits in the kernel
};

/// What a send queue hands to the device.
struct PostCounters {
    Counter requests;
    Counter doorbells;  ///< chains of requests
    Counter signaled;   ///< requests that ask for a completion
};

/// What a send queue moves.
struct FlowCounters {
    Counter rounds;                ///< written
    Counter resumes;               ///< of them, those that were not their request's first
    Counter bytes;                 ///< payload of written rounds
    metrics::Histogram round;      ///< from start() until all of it was written
    Counter gathered;              ///< bytes copied into send regions
    metrics::Histogram gathering;  ///< a chunk's copy, from its submission to when it was seen to be done
};

}  // namespace remit::worker
