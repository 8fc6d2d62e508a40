#pragma once

#include <termios.h>

#include <span>

namespace remit::tools {

/// Lets people end a live picture by the key q, where the keyboard is this process's: its terminal hands over each key at once
/// and unseen for as long as this lives, and is as it was afterwards. Elsewhere it does nothing.
class QuitKey {
public:
    /// @param live false: does nothing
    explicit QuitKey(bool live);
    ~QuitKey();
    QuitKey(const QuitKey&) = delete;
    QuitKey& operator=(const QuitKey&) = delete;

    /// Readable when keys have come; none where there is no keyboard.
    [[nodiscard]] std::span<const int> descriptors() const noexcept;
    /// Whether q was among the keys that have come; never waits.
    [[nodiscard]] bool pressed() const;

private:
    bool watches_ = false;
    termios before_{};
};

}  // namespace remit::tools
