// Debian's libzmq is not instrumented: the thread sanitizer sees its threads touch messages and none of its locks.

#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:libzmq.so\n";
}
#endif
