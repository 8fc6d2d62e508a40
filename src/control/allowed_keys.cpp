#include "control/allowed_keys.hpp"

#include <sys/stat.h>
#include <remit/error.hpp>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "control/keys.hpp"

namespace remit::control {
namespace {

constexpr std::chrono::seconds kLookPeriod{1};

[[noreturn]] void refuse(const std::string& folder, const std::string& why) {
    throw Error(ErrorKind::environment, "folder of allowed keys " + folder + ": " + why);
}

std::vector<std::string> key_files(const std::string& folder) {
    struct stat status {};
    if (stat(folder.c_str(), &status) == 0 && (status.st_mode & 022) != 0) {
        refuse(folder, "others can add a key to it: chmod go-w " + folder);
    }
    std::vector<std::string> files;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".pub") continue;
        files.push_back(entry->path().string());
        if (files.size() > AllowedKeys::kMost) {
            refuse(folder, "it holds more than " + std::to_string(AllowedKeys::kMost) + " keys, the limit");
        }
    }
    if (error) refuse(folder, error.message());
    return files;
}

}  // namespace

AllowedKeys::AllowedKeys(std::string folder, std::string fixed)
    : folder_(std::move(folder)), fixed_(std::move(fixed)), next_look_(Clock::now() + kLookPeriod) {
    if (folder_.empty()) return;
    for (const std::string& file : key_files(folder_)) keys_.insert(read_public_key(file));
}

bool AllowedKeys::admits(const std::string& key, Clock::time_point now) {
    look_again(now);
    return keys_.count(key) != 0 || (!fixed_.empty() && key == fixed_);
}

/// A file that is no key admits nobody and stops nobody else; a folder that cannot be read admits nobody.
void AllowedKeys::look_again(Clock::time_point now) {
    if (folder_.empty() || now < next_look_) return;
    next_look_ = now + kLookPeriod;
    keys_.clear();
    try {
        for (const std::string& file : key_files(folder_)) {
            try {
                keys_.insert(read_public_key(file));
            } catch (const Error& error) {
                complaints_.warn("key", file, error.what());
            }
        }
    } catch (const Error& error) {
        complaints_.warn("folder", folder_, error.what());
    }
}

}  // namespace remit::control
