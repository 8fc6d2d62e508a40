#include "tools/bench/worker_options.hpp"

#include "tools/cli/settings.hpp"
#include "tools/run/local_address.hpp"

namespace remit::tools {

EmbeddingWorkerOptions bench_embedding_options(const Options& options, const std::string& device) {
    EmbeddingWorkerOptions worker = options.config().embedding;
    worker.control = control_of(options, options.listen.empty() ? "tcp://127.0.0.1:0" : options.listen);
    worker.fabric.device = device;
    worker.trace.file = options.trace;
    return worker;
}

LanguageWorkerOptions bench_language_options(const Options& options, const std::string& device, bool overlap) {
    LanguageWorkerOptions worker = options.config().language;
    worker.control = control_of(options, options.listen.empty() ? listen_towards(options.connect) : options.listen);
    worker.fabric.device = device;
    worker.trace.file = options.trace;
    worker.overlap = overlap;
    return worker;
}

}  // namespace remit::tools
