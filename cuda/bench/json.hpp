#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace remit::gpu::bench {

/// Writes JSON piece by piece; enough for figures and names.
class Json {
public:
    [[nodiscard]] const std::string& text() const { return text_; }

    void open(std::string_view key, char bracket) {
        name(key);
        text_ += bracket;
        first_ = true;
    }
    void close(char bracket) {
        text_ += bracket;
        first_ = false;
    }
    void add(std::string_view key, double value) {
        name(key);
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "%.6g", value);
        text_ += buffer;
    }
    void add(std::string_view key, std::string_view value) {
        name(key);
        quote(value);
    }

private:
    void name(std::string_view key) {
        if (!first_ && !text_.empty()) text_ += ",\n";
        first_ = false;
        if (key.empty()) return;
        quote(key);
        text_ += ": ";
    }
    void quote(std::string_view value) {
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') text_ += '\\';
            // Names of devices are printable; anything else is not worth an escape.
            text_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;
};

}  // namespace remit::gpu::bench
