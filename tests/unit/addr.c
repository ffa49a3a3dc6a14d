/* SPDX-License-Identifier: MIT */
/* Addresses: text, order, and the system's structs. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "test.h"

#include <mio/addr.h>

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* What tells that an out-parameter was not touched. */
static struct mio_addr untouched(void)
{
    struct mio_addr addr;
    memset(&addr, 0x5a, sizeof addr);
    return addr;
}

static bool is_untouched(const struct mio_addr *addr)
{
    struct mio_addr pattern = untouched();
    return memcmp(addr, &pattern, sizeof pattern) == 0;
}

static const char *text_of(const struct mio_addr *addr)
{
    static char text[MIO_ADDR_TEXT];
    int length = mio_addr_format(addr, text, sizeof text);
    CHECK(length > 0 && length < MIO_ADDR_TEXT);
    CHECK_EQ(length, strlen(text));
    return text;
}

/* --- text --- */

static const struct {
    const char *text;
    const char *canonical; /* NULL: the same */
} well_formed[] = {
    {"127.0.0.1:80", NULL},
    {"0.0.0.0:0", NULL},
    {"255.255.255.255:65535", NULL},
    {"1.2.3.4:00080", "1.2.3.4:80"},
    {"[::]:0", NULL},
    {"[::1]:80", NULL},
    {"[1::]:80", NULL},
    {"[fe80::1%3]:80", NULL},
    {"[fe80::1%4294967295]:80", NULL},
    {"[::1%0]:80", "[::1]:80"},
    {"[2001:db8:0:0:1:0:0:1]:443", "[2001:db8::1:0:0:1]:443"},
    {"[2001:0DB8::00aB]:443", "[2001:db8::ab]:443"},
    {"[1:2:3:4:5:6:7:8]:9", NULL},
    {"[1:0:3:4:5:6:7:8]:9", NULL},
    {"[1::3:4:5:6:7:8]:9", "[1:0:3:4:5:6:7:8]:9"},
    {"[1:2:3:4:5:6:7::]:9", "[1:2:3:4:5:6:7:0]:9"},
    {"[::2:3:4:5:6:7:8]:9", "[0:2:3:4:5:6:7:8]:9"},
    {"[1:0:0:4:0:0:0:8]:9", "[1:0:0:4::8]:9"},
    {"[0:0:0:0:0:0:0:0]:9", "[::]:9"},
    {"[::ffff:192.0.2.1]:80", NULL},
    {"[::ffff:c000:201]:80", "[::ffff:192.0.2.1]:80"},
    {"[64:ff9b::192.0.2.33]:80", "[64:ff9b::c000:221]:80"},
    {"[1:2:3:4:5:6:1.2.3.4]:80", "[1:2:3:4:5:6:102:304]:80"},
    {"[::1.2.3.4]:80", "[::102:304]:80"},
    {"unix:/run/mio.sock", NULL},
    {"unix:mio.sock", NULL},
    {"unix:./@mio", NULL},
    {"unix:/a b:c%[]", NULL},
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
    {"unix:@mio", NULL},
    {"unix:@@", NULL},
    {"unix:@/a b", NULL},
#endif
};

TEST(addr_parse_and_format_agree)
{
    for (size_t i = 0; i < COUNT(well_formed); i++) {
        struct mio_addr addr;
        REQUIRE_EQ(mio_addr_parse(well_formed[i].text, &addr), 0);
        CHECK_STR(text_of(&addr),
                  well_formed[i].canonical ? well_formed[i].canonical : well_formed[i].text);
        struct mio_addr again;
        REQUIRE_EQ(mio_addr_parse(text_of(&addr), &again), 0);
        CHECK(mio_addr_equal(&addr, &again));
    }
}

static const char *const malformed[] = {
    "",
    ":",
    ":80",
    "80",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1: 80",
    " 127.0.0.1:80",
    "127.0.0.1:80 ",
    "127.0.0.1:80\n",
    "127.0.0.1:+80",
    "127.0.0.1:-80",
    "127.0.0.1:0x50",
    "127.0.0.1:65536",
    "127.0.0.1:99999",
    "127.0.0.1:000080",
    "127.0.0.1:4294967376",
    "127.0.0.1:18446744073709551696",
    "127.0.0.1:80:80",
    "127.0.0.1:http",
    "127.0.0:80",
    "127.1:80",
    "2130706433:80",
    "127.0.0.1.1:80",
    "127.0.0.256:80",
    "127.0.0.01:80",
    "127.0.0.00:80",
    "0127.0.0.1:80",
    "0x7f.0.0.1:80",
    "127..0.1:80",
    ".127.0.0.1:80",
    "127.0.0.1.:80",
    "127.0.0.-1:80",
    "+127.0.0.1:80",
    "1000.0.0.1:80",
    "localhost:80",
    "example.org:80",
    "*:80",
    "::1:80",
    "::1",
    "[]:80",
    "[::1]",
    "[::1]:",
    "[::1]80",
    "[::1:80",
    "[::1]:80]",
    "[::1]:80 ",
    "[ ::1]:80",
    "[:1]:80",
    "[1:]:80",
    "[:]:80",
    "[:::]:80",
    "[:::1]:80",
    "[1:::2]:80",
    "[1::2::3]:80",
    "[1:2:3:4:5:6:7]:80",
    "[1:2:3:4:5:6:7:]:80",
    "[1:2:3:4:5:6:7:8:]:80",
    "[1:2:3:4:5:6:7:8:9]:80",
    "[1:2:3:4:5:6:7:8::]:80",
    "[::1:2:3:4:5:6:7:8]:80",
    "[1:2:3:4::5:6:7:8]:80",
    "[12345::]:80",
    "[00001::]:80",
    "[g::]:80",
    "[-1::]:80",
    "[0x1::]:80",
    "[1.2.3.4]:80",
    "[::1.2.3]:80",
    "[::1.2.3.4.5]:80",
    "[::1.2.3.256]:80",
    "[::01.2.3.4]:80",
    "[::1.2.3.4:5]:80",
    "[1.2.3.4::]:80",
    "[1:2:3:4:5:6:7:1.2.3.4]:80",
    "[::1%]:80",
    "[::1%eth0]:80",
    "[::1%-1]:80",
    "[::1%4294967296]:80",
    "[::1%3%4]:80",
    "[%3]:80",
    "[127.0.0.1]:80",
    "unix",
    "unix:",
    "UNIX:/x",
};

TEST(addr_parse_refuses_what_is_malformed)
{
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct mio_addr addr = untouched();
        int error = mio_addr_parse(malformed[i], &addr);
        if (!CHECK_EQ(error, -EINVAL))
            printf("    accepted or misnamed: \"%s\"\n", malformed[i]);
        CHECK(is_untouched(&addr));
    }
    struct mio_addr addr;
    CHECK_EQ(mio_addr_parse(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_addr_parse("127.0.0.1:80", NULL), -EINVAL);
    CHECK_EQ(mio_addr_parse("unix:@", &addr), -EINVAL);
}

TEST(addr_parse_refuses_what_is_too_long)
{
    char text[256] = "unix:/";
    struct mio_addr addr = untouched();
    memset(text + 6, 'a', 200);
    CHECK_EQ(mio_addr_parse(text, &addr), -ENAMETOOLONG);
    text[5] = '@';
    CHECK_EQ(mio_addr_parse(text, &addr),
             MIO_PLATFORM == MIO_PLATFORM_LINUX ? -ENAMETOOLONG : -ENOTSUP);
    CHECK(is_untouched(&addr));
}

TEST(addr_parse_survives_every_beginning_and_every_changed_byte)
{
    static const char *const texts[] = {"[2001:db8::192.0.2.1%12]:65535", "192.0.2.255:8080",
                                        "unix:@abc"};
    char text[64];
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t length = strlen(texts[i]);
        for (size_t at = 0; at < length; at++) {
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, texts[i], length + 1);
                text[at] = (char)byte;
                struct mio_addr addr;
                struct mio_addr again;
                if (mio_addr_parse(text, &addr) != 0 || addr.kind >= MIO_ADDR_UNIX)
                    continue;
                REQUIRE_EQ(mio_addr_parse(text_of(&addr), &again), 0);
                CHECK(mio_addr_equal(&addr, &again));
            }
        }
    }
}

TEST(addr_format_is_like_snprintf)
{
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 80);
    char text[8] = "xxxxxxx";
    CHECK_EQ(mio_addr_format(&addr, NULL, 0), 12);
    CHECK_EQ(mio_addr_format(&addr, text, 5), 12);
    CHECK_STR(text, "127.");
    CHECK_EQ(text[5], 'x');
    CHECK_EQ(mio_addr_format(&addr, text, 1), 12);
    CHECK_STR(text, "");
    CHECK_EQ(mio_addr_format(NULL, text, sizeof text), -EINVAL);
    struct mio_addr unnamed = {.kind = MIO_ADDR_UNNAMED};
    CHECK_STR(text_of(&unnamed), "(unnamed)");
    addr.kind = (enum mio_addr_kind)77;
    CHECK_EQ(mio_addr_format(&addr, text, sizeof text), -EINVAL);
    addr.kind = MIO_ADDR_UNIX;
    addr.length = MIO_ADDR_BYTES + 1;
    CHECK_EQ(mio_addr_format(&addr, text, sizeof text), -EINVAL);
}

TEST(addr_format_shows_what_cannot_be_printed)
{
    struct mio_addr addr;
    REQUIRE_EQ(mio_addr_unix("a\n\x7f\x1b[2J", 7, &addr), 0);
    CHECK_STR(text_of(&addr), "unix:a\\x0a\\x7f\\x1b[2J");
    REQUIRE_EQ(mio_addr_unix("@abc", 4, &addr), 0);
    CHECK_STR(text_of(&addr), "unix:./@abc");
    char name[107];
    memset(name, 1, sizeof name);
    if (mio_addr_unix_abstract(name, sizeof name, &addr) == 0)
        CHECK_EQ(strlen(text_of(&addr)), 6 + 4 * sizeof name);
}

/* --- making --- */

TEST(addr_constructors)
{
    static const uint8_t loopback[16] = {[15] = 1};
    struct mio_addr addr = mio_addr_ipv4(192, 0, 2, 1, 8080);
    CHECK_STR(text_of(&addr), "192.0.2.1:8080");
    CHECK_EQ(mio_addr_port(&addr), 8080);
    CHECK(mio_addr_path(&addr) == NULL);
    addr = mio_addr_ipv6(loopback, 8080);
    CHECK_STR(text_of(&addr), "[::1]:8080");
    addr.scope = 7;
    CHECK_STR(text_of(&addr), "[::1%7]:8080");
    addr = mio_addr_ipv6(NULL, 1);
    CHECK_STR(text_of(&addr), "[::]:1");
    CHECK_EQ(mio_addr_port(NULL), 0);
    CHECK(mio_addr_path(NULL) == NULL);
}

TEST(addr_unix_paths_have_to_fit)
{
    enum { ROOM = sizeof(((struct sockaddr_un *)NULL)->sun_path) };
    char path[ROOM + 1];
    memset(path, 'a', sizeof path);
    struct mio_addr addr = untouched();
    CHECK_EQ(mio_addr_unix(path, ROOM, &addr), -ENAMETOOLONG);
    CHECK_EQ(mio_addr_unix(path, SIZE_MAX, &addr), -ENAMETOOLONG);
    CHECK_EQ(mio_addr_unix(path, 0, &addr), -EINVAL);
    CHECK_EQ(mio_addr_unix(NULL, 1, &addr), -EINVAL);
    CHECK_EQ(mio_addr_unix("a\0b", 3, &addr), -EINVAL);
    CHECK_EQ(mio_addr_unix("a", 1, NULL), -EINVAL);
    CHECK(is_untouched(&addr));
    CHECK_EQ(mio_addr_unix(path, ROOM - 1, &addr), 0);
    CHECK_EQ(strlen(mio_addr_path(&addr)), ROOM - 1);
    CHECK_EQ(mio_addr_unix("abcd", 2, &addr), 0);
    CHECK_STR(mio_addr_path(&addr), "ab");
}

TEST(addr_abstract_names_are_bytes_with_a_length)
{
    struct mio_addr addr = untouched();
    CHECK_EQ(mio_addr_unix_abstract("a", 0, &addr), -EINVAL);
    CHECK_EQ(mio_addr_unix_abstract(NULL, 1, &addr), -EINVAL);
    CHECK_EQ(mio_addr_unix_abstract("a", 1, NULL), -EINVAL);
    CHECK(is_untouched(&addr));
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
    char name[108] = {0};
    CHECK_EQ(mio_addr_unix_abstract(name, sizeof name, &addr), -ENAMETOOLONG);
    CHECK(is_untouched(&addr));
    CHECK_EQ(mio_addr_unix_abstract(name, sizeof name - 1, &addr), 0);
    CHECK_EQ(addr.length, 107);
    CHECK_EQ(mio_addr_unix_abstract("\0a\0", 3, &addr), 0);
    CHECK_EQ(addr.length, 3);
    CHECK_STR(text_of(&addr), "unix:@\\x00a\\x00");
    CHECK(mio_addr_path(&addr) == NULL);
#else
    CHECK_EQ(mio_addr_unix_abstract("a", 1, &addr), -ENOTSUP);
    CHECK_EQ(mio_addr_parse("unix:@a", &addr), -ENOTSUP);
    CHECK(is_untouched(&addr));
#endif
}

/* --- order --- */

TEST(addr_order_is_total)
{
    static const char *const ascending[] = {
        "1.2.3.4:5", "1.2.3.4:6", "1.2.3.10:0", "200.0.0.0:0", "[::1]:5", "[::1]:6",
        "[::1%1]:6", "[::2]:0",   "[ff::]:0",   "unix:a",      "unix:aa", "unix:b",
    };
    struct mio_addr addrs[COUNT(ascending)];
    for (size_t i = 0; i < COUNT(ascending); i++)
        REQUIRE_EQ(mio_addr_parse(ascending[i], &addrs[i]), 0);
    for (size_t i = 0; i < COUNT(addrs); i++) {
        for (size_t k = 0; k < COUNT(addrs); k++) {
            int order = mio_addr_compare(&addrs[i], &addrs[k]);
            CHECK_EQ((order > 0) - (order < 0), (i > k) - (i < k));
            CHECK_EQ(mio_addr_equal(&addrs[i], &addrs[k]), i == k);
        }
        CHECK(mio_addr_compare(NULL, &addrs[i]) < 0);
        CHECK(mio_addr_compare(&addrs[i], NULL) > 0);
    }
    struct mio_addr flowing = addrs[4];
    flowing.flow = 1;
    CHECK(!mio_addr_equal(&flowing, &addrs[4]));
    CHECK(mio_addr_equal(NULL, NULL));
}

/* --- the system's structs --- */

TEST(addr_sockaddr_round_trip)
{
    static const char *const texts[] = {
        "127.0.0.1:80",
        "[fe80::1%3]:80",
        "unix:/run/mio.sock",
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
        "unix:@mio",
#endif
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct mio_addr addr;
        REQUIRE_EQ(mio_addr_parse(texts[i], &addr), 0);
        addr.flow = addr.kind == MIO_ADDR_IPV6 ? htonl(0x12345) : 0;
        unsigned char buffer[MIO_SOCKADDR_SIZE + 1]; /* at an odd address */
        int size = mio_addr_to_sockaddr(&addr, buffer + 1, MIO_SOCKADDR_SIZE);
        REQUIRE(size > 0);
        struct mio_addr again;
        REQUIRE_EQ(mio_addr_from_sockaddr(buffer + 1, (size_t)size, &again), 0);
        CHECK(mio_addr_equal(&addr, &again));
        CHECK_EQ(mio_addr_to_sockaddr(&addr, buffer, (size_t)size), size);
        CHECK_EQ(mio_addr_to_sockaddr(&addr, buffer, (size_t)size - 1), -ENOSPC);
        CHECK_EQ(mio_addr_to_sockaddr(&addr, NULL, 0), -EINVAL);
    }
    unsigned char buffer[MIO_SOCKADDR_SIZE];
    struct mio_addr unnamed = {.kind = MIO_ADDR_UNNAMED};
    CHECK_EQ(mio_addr_to_sockaddr(&unnamed, buffer, sizeof buffer), -EINVAL);
    CHECK_EQ(mio_addr_to_sockaddr(NULL, buffer, sizeof buffer), -EINVAL);
}

TEST(addr_from_the_system_s_struct)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(80)};
    ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct mio_addr addr = untouched();
    CHECK_EQ(mio_addr_from_sockaddr(&ipv4, sizeof ipv4 - 1, &addr), -EINVAL);
    CHECK_EQ(mio_addr_from_sockaddr(&ipv4, 1, &addr), -EINVAL);
    CHECK_EQ(mio_addr_from_sockaddr(NULL, 16, &addr), -EINVAL);
    CHECK_EQ(mio_addr_from_sockaddr(&ipv4, sizeof ipv4, NULL), -EINVAL);
    CHECK(is_untouched(&addr));
    CHECK_EQ(mio_addr_from_sockaddr(&ipv4, sizeof ipv4, &addr), 0);
    CHECK_STR(text_of(&addr), "127.0.0.1:80");

    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    addr = untouched();
    CHECK_EQ(mio_addr_from_sockaddr(&ipv6, sizeof ipv6 - 1, &addr), -EINVAL);
    CHECK(is_untouched(&addr));
    CHECK_EQ(mio_addr_from_sockaddr(&ipv6, sizeof ipv6, &addr), 0);
    CHECK_STR(text_of(&addr), "[::]:80");

    struct sockaddr other = {.sa_family = 211};
    addr = untouched();
    CHECK_EQ(mio_addr_from_sockaddr(&other, sizeof other, &addr), -EAFNOSUPPORT);
    CHECK(is_untouched(&addr));

    CHECK_EQ(mio_addr_from_sockaddr(NULL, 0, &addr), 0);
    CHECK_EQ(addr.kind, MIO_ADDR_UNNAMED);
}

TEST(addr_names_from_the_system_s_struct)
{
    enum { OFFSET = offsetof(struct sockaddr_un, sun_path) };
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct mio_addr addr;
    CHECK_EQ(mio_addr_from_sockaddr(&local, OFFSET, &addr), 0);
    CHECK_EQ(addr.kind, MIO_ADDR_UNNAMED);

    memset(local.sun_path, 'p', sizeof local.sun_path); /* no closing 0 */
    CHECK_EQ(mio_addr_from_sockaddr(&local, sizeof local, &addr), 0);
    CHECK_EQ(addr.length, sizeof local.sun_path);
    CHECK_EQ(strlen(mio_addr_path(&addr)), sizeof local.sun_path);
    struct sockaddr_un again;
    CHECK_EQ(mio_addr_to_sockaddr(&addr, &again, sizeof again), sizeof again);
    CHECK(memcmp(again.sun_path, local.sun_path, sizeof local.sun_path) == 0);

    /* A larger struct, of any size, with a name in it. */
    unsigned char larger[MIO_SOCKADDR_SIZE + 1];
    memset(larger, 'p', sizeof larger);
    memcpy(larger, &local, OFFSET);
    for (size_t size = sizeof local; size <= sizeof larger; size++) {
        CHECK_EQ(mio_addr_from_sockaddr(larger, size, &addr), 0);
        CHECK_EQ(addr.length, sizeof local.sun_path);
    }

    local.sun_path[3] = 0;
    CHECK_EQ(mio_addr_from_sockaddr(&local, sizeof local, &addr), 0);
    CHECK_STR(mio_addr_path(&addr), "ppp");

    local.sun_path[0] = 0;
    CHECK_EQ(mio_addr_from_sockaddr(&local, OFFSET + 5, &addr), 0);
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
    CHECK_STR(text_of(&addr), "unix:@pp\\x00p");
    /* The name of no bytes exists, and is not the unnamed one. */
    CHECK_EQ(mio_addr_from_sockaddr(&local, OFFSET + 1, &addr), 0);
    CHECK_EQ(addr.kind, MIO_ADDR_UNIX_ABSTRACT);
    CHECK_EQ(mio_addr_to_sockaddr(&addr, &again, sizeof again), OFFSET + 1);
#else
    CHECK_EQ(addr.kind, MIO_ADDR_UNNAMED);
#endif
}
