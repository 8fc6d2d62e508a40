/* A program in C: one compiler, one header, one library. */

#include <remit/remit.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
    if (argc != 2 || strcmp(remit_version(), argv[1]) != 0) {
        fprintf(stderr, "the library is version %s, expected %s\n", remit_version(), argc == 2 ? argv[1] : "(an argument)");
        return 1;
    }
    printf("remit %s from C\n", remit_version());
    return 0;
}
