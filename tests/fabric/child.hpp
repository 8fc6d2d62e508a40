#pragma once

#include "side.hpp"

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

/// Processes for tests on devices. The test program itself makes no verbs call: each end forks first, so that no
/// device is open across a fork, and one end may be killed.
namespace remit::fabric::test {

/// Words of an environment variable, separated by spaces.
[[nodiscard]] std::vector<std::string> words_of(const char* variable, const std::string& fallback = "");

/// Name of one of the two devices: 0 or 1.
[[nodiscard]] std::string device_name(std::size_t index);

/// A process that runs `body`. A failed expectation or an exception in it makes it end with status 1.
class Child {
public:
    explicit Child(const std::function<void()>& body);
    ~Child();  ///< kills it where it still runs
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Waits for its end, killing it past a deadline; returns the status as waitpid() gives it.
    int wait();
    /// wait(), and expects it to have ended well.
    void expect_success();

private:
    pid_t pid_ = -1;
};

/// Runs `body` in a process of its own and expects it to end well.
void run_in_child(const std::function<void()>& body);

/// Runs the two sides of a case on the two devices, opened with `options` but for their names.
void run_on_two_devices(const Case& test, const VerbsOptions& sender = {}, const VerbsOptions& receiver = {});

/// Runs one side in the calling process: opens device `index` and owns `socket`.
void run_side(std::size_t index, int socket, VerbsOptions options, const std::function<void(Side&)>& body);

/// Few and short retries, for tests of what nobody answers.
[[nodiscard]] VerbsOptions impatient();

}  // namespace remit::fabric::test
