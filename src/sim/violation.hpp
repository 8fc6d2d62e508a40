#pragma once

#include <stdexcept>

namespace remit::sim {

/// A check of the simulation did not hold: a broken invariant of the product, or a sabotage that was caught.
class Violation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace remit::sim
