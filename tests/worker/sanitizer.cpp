// Debian's libzmq is not instrumented, nor is the libsodium that decrypts for it: the thread sanitizer sees their
// threads touch messages and none of their locks.

#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    // Its own string streams run in libstdc++, from where the sanitizer does not find back to it.
    return "called_from_lib:libzmq.so.5\ncalled_from_lib:libsodium.so.23\nrace:libzmq.so\nrace:std::basic_streambuf<"
           "char, std::char_traits<char> "
           ">::xsputn\n";
}
#endif
