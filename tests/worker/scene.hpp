#pragma once

#include "processes.hpp"

#include <functional>
#include <string>
#include <vector>

/// A fault in the middle of a transfer between two processes on two devices.
namespace remit::worker::test {

/// A layout whose requests take long and little memory: many small blocks.
[[nodiscard]] Layout narrow_layout();
/// Liveness and deadlines short enough for a test, stretched to the machine.
void quicken(TimingOptions& timing);

/// A room through two small blocks is under way; the fault comes; the scene says what became of it. Then another room
/// is moved, every byte of it compared: whatever failed, failed alone.
struct Scene {
    using Step = std::function<void()>;
    Step outside{};       ///< the fault, caused by the test itself, in the middle
    Step at_language{};   ///< or in the language worker's process
    Step at_embedding{};  ///< or in the embedding worker's
    Step mend_outside{};  ///< what undoes it, before the next room
    Step mend_embedding{};
    Step mend_language{};
    bool new_receiver = false;  ///< the fault cannot be undone: the next room goes to another language worker
    EmbeddingWorkerOptions embedding = quick_embedding();
    LanguageWorkerOptions language = quick_language();

    /// The room Failed on both sides, each with a reason that holds one of these words.
    void expect_failure(const std::vector<std::string>& at_sender, const std::vector<std::string>& at_receiver) const;
    /// Nobody noticed: every byte arrived.
    void expect_survival() const;

    [[nodiscard]] static EmbeddingWorkerOptions quick_embedding();
    [[nodiscard]] static LanguageWorkerOptions quick_language();

private:
    struct Expected {
        bool success = false;
        std::vector<std::string> sender;
        std::vector<std::string> receiver;
    };
    void play(const Expected& expected) const;
    void be_embedding(Line& line, const Expected& expected) const;
    void be_language(Line& line, const std::string& endpoint, const Expected& expected) const;
    void interrupt(LanguageWorker& worker, Line& line, const std::string& endpoint, const Expected& expected) const;
    static void receive_next(LanguageWorker& worker, Line& line, const std::string& endpoint);
};

}  // namespace remit::worker::test
