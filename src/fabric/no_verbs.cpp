#include "fabric/fabric.hpp"

#include <remit/error.hpp>

namespace remit::fabric {

std::unique_ptr<Fabric> open_verbs(const VerbsOptions&) {
    throw Error(ErrorKind::environment,
                "this build of remit has no verbs: configure with -DREMIT_VERBS=ON (needs libibverbs), or use the "
                "loopback fabric inside one process (--fabric loopback)");
}

}  // namespace remit::fabric
