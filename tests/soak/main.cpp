// remit_soak: thousands of requests over real verbs while workers die, packets are lost and users change their minds.

#include "referee.hpp"

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

namespace {

using namespace remit::soak;

std::string as_json(const Settings& settings, const Verdict& v) {
    return nlohmann::ordered_json{{"passed", v.problems.empty()},
                                  {"requests", settings.requests},
                                  {"arrived", v.requests},
                                  {"seed", settings.seed},
                                  {"tries", v.tries},
                                  {"rounds", v.rounds},
                                  {"resumes", v.resumes},
                                  {"bytes", v.bytes},
                                  {"seconds", v.seconds},
                                  {"sets_by_fault", v.faults},
                                  {"failed_tries_by_reason", v.failures},
                                  {"resident_growth_kib", v.resident_growth_kib},
                                  {"descriptor_growth", v.descriptor_growth},
                                  {"thread_growth", v.thread_growth},
                                  {"problems", v.problems}}
        .dump(2);
}

int run(int argc, char** argv) {
    Settings settings;
    std::string output;
    CLI::App app("Moves requests over two RDMA devices while everything goes wrong; see scripts/soak.sh.",
                 "remit_soak");
    app.add_option("--requests", settings.requests, "how many")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    app.add_option("--seed", settings.seed, "of faults and sizes")->capture_default_str();
    app.add_option("--output", output, "a file for the result as JSON; it is printed as well");
    CLI11_PARSE(app, argc, argv);
    Referee referee(settings);
    const Verdict verdict = referee.run();
    const std::string text = as_json(settings, verdict);
    std::cout << text << std::endl;
    if (!output.empty() && !(std::ofstream(output) << text << '\n').flush()) {
        std::cerr << "remit_soak: cannot write " << output << '\n';
        return 1;
    }
    return verdict.problems.empty() && !testing::Test::HasFailure() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest();
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "remit_soak: " << error.what() << '\n';
        return 1;
    }
}
