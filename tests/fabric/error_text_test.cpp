#include "fabric/fabric.hpp"
#include "fabric/registration_error.hpp"
#include "fabric/status.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <remit/error.hpp>

#include <cerrno>

namespace remit::fabric {
namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(StatusText, HasWordsNumberAndVendorError) {
    Completion completion;
    completion.status = status::retry_exceeded;
    completion.vendor_error = 0x81;
    EXPECT_EQ(status_text(completion), "transport retry counter exceeded (12, vendor error 0x81)");
    completion.status = 999;
    EXPECT_EQ(status_text(completion), "unknown (999, vendor error 0x81)");
}

TEST(RegistrationError, NamesSizeLimitAndRemedy) {
    const std::string text = registration_error_text(nullptr, 4194304, ENOMEM, 65536);
    for (const char* part :
         {"4194304 bytes", "RLIMIT_MEMLOCK is 65536 bytes", "ulimit -l unlimited", "LimitMEMLOCK=infinity"}) {
        EXPECT_TRUE(contains(text, part)) << text;
    }
    EXPECT_TRUE(contains(registration_error_text(nullptr, 1, ENOMEM, RLIM_INFINITY), "unlimited, so memory"));
    EXPECT_TRUE(contains(registration_error_text(nullptr, 1, EFAULT, 65536), "not mapped"));
}

TEST(OpenVerbs, WithoutTheDeviceSaysSo) {
    VerbsOptions options;
    options.device = "no_such_device";
    try {
        const auto fabric = open_verbs(options);
        FAIL() << fabric->describe();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::environment);
        EXPECT_TRUE(contains(error.what(), "no RDMA device") || contains(error.what(), "no verbs")) << error.what();
    }
}

}  // namespace
}  // namespace remit::fabric
