#include "control/keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>
#include <remit/error.hpp>
#include <remit/keys.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace remit::control {
namespace {

// The first word of a file says which half it holds, so that a secret key is not taken, or handed out, for a public
// one.
constexpr const char* kSecretWord = "remit-secret-key-1";
constexpr const char* kPublicWord = "remit-public-key-1";
constexpr std::size_t kMostBytes = 256;

class File {
public:
    File(const std::string& path, int flags, mode_t mode = 0)
        : descriptor_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    const int descriptor_;
};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw Error(ErrorKind::environment, "key file " + path + ": " + why);
}

void check_mode(const std::string& path, const struct stat& status, mode_t forbidden, const char* remedy) {
    if (!S_ISREG(status.st_mode)) refuse(path, "it is no regular file");
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        refuse(path, "it belongs to user " + std::to_string(status.st_uid) + "; permitted: the user of this process, " +
                         std::to_string(geteuid()) + ", or root: chown " + std::to_string(geteuid()) + " " + path);
    }
    if ((status.st_mode & forbidden) == 0) return;
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777));
    refuse(path, std::string("its mode is ") + mode.data() + ", which lets others " + remedy + " " + path);
}

/// What a small file holds, once its owner and mode are found right: of the open file, not of its name.
std::string read_checked(const std::string& path, mode_t forbidden, const char* remedy) {
    // A pipe in its place must not stop us.
    const File file(path, O_RDONLY | O_NONBLOCK);
    if (file.get() < 0) refuse(path, std::string(std::strerror(errno)) + "; \"remit keygen\" makes keys");
    struct stat status {};
    if (fstat(file.get(), &status) != 0) refuse(path, std::strerror(errno));
    check_mode(path, status, forbidden, remedy);
    std::array<char, kMostBytes + 1> buffer{};
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size < 0) refuse(path, std::strerror(errno));
    return {buffer.data(), static_cast<std::size_t>(size)};
}

/// The key of "WORD KEY\n". The content itself stays out of every message: it may be secret.
std::string key_of(const std::string& path, const std::string& content, const std::string& word) {
    const std::string start = word + " ";
    std::string key = content.size() > start.size() ? content.substr(start.size()) : "";
    if (!key.empty() && key.back() == '\n') key.pop_back();
    if (content.compare(0, start.size(), start) == 0 && is_key(key)) return key;
    const char* other = word == kSecretWord ? kPublicWord : kSecretWord;
    const bool swapped = content.compare(0, std::strlen(other), other) == 0;
    throw Error(ErrorKind::bad_argument, "key file " + path + ": " +
                                             (swapped ? "it holds the other half of a key pair" : "it holds no key") +
                                             "; permitted: one line of \"" + word +
                                             "\" and 40 characters of Z85, as \"remit keygen\" writes it");
}

void write_new(const std::string& path, mode_t mode, const std::string& content) {
    const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (file.get() < 0 && errno == EEXIST) {
        throw Error(ErrorKind::misuse, "key file " + path +
                                           " is there already and is not replaced, since peers may know its public "
                                           "half; choose another folder, or move it away");
    }
    if (file.get() < 0) refuse(path, std::strerror(errno));
    const bool written = write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size());
    if (written && fsync(file.get()) == 0) return;
    const std::string why = std::strerror(errno);
    unlink(path.c_str());
    refuse(path, "cannot be written: " + why);
}

}  // namespace

bool is_key(const std::string& text) {
    std::array<std::uint8_t, 32> bytes{};
    // zmq_z85_decode looks at characters outside ASCII without checking.
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
    return text.size() == kKeyCharacters && printable && zmq_z85_decode(bytes.data(), text.c_str()) != nullptr;
}

std::string key_text(const std::string& bytes) {
    std::array<char, kKeyCharacters + 1> text{};
    if (bytes.size() != 32 ||
        zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == nullptr) {
        throw Error(ErrorKind::bad_argument, "a key has " + std::to_string(bytes.size()) + " bytes; permitted: 32");
    }
    return text.data();
}

KeyPair read_secret_key(const std::string& path) {
    KeyPair pair;
    pair.secret_key = key_of(path, read_checked(path, 077, "read or change a secret key: chmod 600"), kSecretWord);
    std::array<char, kKeyCharacters + 1> text{};
    if (zmq_curve_public(text.data(), pair.secret_key.c_str()) != 0) {
        refuse(path, "ZeroMQ of this machine was built without CURVE: install libzmq5 with libsodium");
    }
    pair.public_key = text.data();
    return pair;
}

std::string read_public_key(const std::string& path) {
    return key_of(path, read_checked(path, 022, "replace a key that is trusted: chmod go-w"), kPublicWord);
}

}  // namespace remit::control

namespace remit {

KeyFiles generate_keys(const std::string& folder) {
    std::array<char, control::kKeyCharacters + 1> public_key{};
    std::array<char, control::kKeyCharacters + 1> secret_key{};
    if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
        throw Error(ErrorKind::environment,
                    "ZeroMQ of this machine was built without CURVE: install libzmq5 with libsodium");
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw Error(ErrorKind::environment, "folder " + folder + " cannot be made: " + error.message());
    const std::string base = (std::filesystem::path(folder) / "remit").string();
    KeyFiles files{base + ".key", base + ".pub", public_key.data()};
    control::write_new(files.secret_key_file, 0600, std::string(control::kSecretWord) + " " + secret_key.data() + "\n");
    try {
        control::write_new(files.public_key_file, 0644,
                           std::string(control::kPublicWord) + " " + public_key.data() + "\n");
    } catch (...) {
        unlink(files.secret_key_file.c_str());  // half a pair is of no use
        throw;
    }
    return files;
}

std::string public_key_of(const std::string& secret_key_file) {
    return control::read_secret_key(secret_key_file).public_key;
}

}  // namespace remit
