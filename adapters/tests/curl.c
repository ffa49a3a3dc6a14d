/* SPDX-License-Identifier: MIT */
/* libcurl fetches from Python's HTTP server on loopback. */
#include <mio-adapters/curl.h>

#include "loop.h"
#include "program.h"

#include <string.h>
#include <sys/stat.h>

enum { HTTP = MIO_ADAPTER_TOKENS };
enum { TRANSFERS = 20, FILE_SIZE = 300000 };

struct setting {
    struct loop loop;
    struct program server;
    unsigned port;
    char folder[32];
    CURLM *multi;
    struct mio_curl http;
    size_t received;
    int done;
    CURLcode last;
};

static void setting_open(struct setting *setting)
{
    memset(setting, 0, sizeof *setting);
    loop_open(&setting->loop);
    strcpy(setting->folder, "/tmp/mio-adapters-XXXXXX");
    REQUIRE(mkdtemp(setting->folder) != NULL);
    char path[64];
    snprintf(path, sizeof path, "%s/file", setting->folder);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    for (int i = 0; i < FILE_SIZE; i++)
        putc('a' + i % 26, file);
    fclose(file);
    const char *const command[] = {"python3", "-u",        "-m",          "http.server",
                                   "--bind",  "127.0.0.1", "--directory", setting->folder,
                                   "0",       NULL};
    program_start(&setting->server, command);
    setting->port = program_port(&setting->server, "127.0.0.1 port ");
    setting->multi = curl_multi_init();
    REQUIRE_EQ(mio_curl_open(&setting->http, setting->multi, setting->loop.registry, HTTP), 0);
}

static void setting_close(struct setting *setting)
{
    char path[64];
    mio_curl_close(&setting->http);
    curl_multi_cleanup(setting->multi);
    program_stop(&setting->server);
    snprintf(path, sizeof path, "%s/file", setting->folder);
    unlink(path);
    rmdir(setting->folder);
    loop_close(&setting->loop);
}

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
    struct setting *setting = user;
    (void)bytes;
    setting->received += size * count;
    return size * count;
}

static void fetch(struct setting *setting, const char *name)
{
    char url[64];
    CURL *easy = curl_easy_init();
    REQUIRE(easy != NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", setting->port, name);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, setting);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    CHECK_EQ(curl_multi_add_handle(setting->multi, easy), CURLM_OK);
}

static void reap(struct setting *setting)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(setting->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        setting->last = message->data.result;
        setting->done++;
        curl_multi_remove_handle(setting->multi, easy);
        curl_easy_cleanup(easy);
    }
}

static void run(struct setting *setting, int transfers)
{
    while (setting->done < transfers) {
        loop_wait(&setting->loop);
        mio_events_each(event, setting->loop.events)
            REQUIRE(mio_curl_event(&setting->http, event));
        reap(setting);
    }
}

TEST(curl_many_transfers_at_once)
{
    struct setting setting;
    setting_open(&setting);
    for (int i = 0; i < TRANSFERS; i++)
        fetch(&setting, "file");
    run(&setting, TRANSFERS);
    CHECK_EQ(setting.received, (size_t)TRANSFERS * FILE_SIZE);
    CHECK_EQ(setting.http.running, 0);
    fetch(&setting, "file"); /* and another one afterwards */
    run(&setting, TRANSFERS + 1);
    CHECK_EQ(setting.received, (size_t)(TRANSFERS + 1) * FILE_SIZE);
    setting_close(&setting);
}

TEST(curl_failures_are_told)
{
    struct setting setting;
    setting_open(&setting);
    fetch(&setting, "nothing");
    run(&setting, 1);
    CHECK_EQ(setting.last, CURLE_HTTP_RETURNED_ERROR);
    setting.port = 1; /* nobody listens there */
    fetch(&setting, "file");
    run(&setting, 2);
    CHECK_EQ(setting.last, CURLE_COULDNT_CONNECT);
    setting_close(&setting);
}
