/* SPDX-License-Identifier: MIT */
/* A poll with a watch, a directory of its own, and what is told of it. */
#ifndef CONTRACT_WATCHES_H
#define CONTRACT_WATCHES_H

#include "support.h"

enum { WATCH_TOKEN = 5, MOST_TOLD = 64 };

struct told_of_file {
    mio_token id;
    uint32_t what;
    uint32_t rename;
    char name[32]; /* empty: none */
};

struct watching {
    struct loop loop;
    struct mio_watch *watch; /* its token is WATCH_TOKEN */
    char directory[32];
    int others; /* the test's own directory, open */
    struct told_of_file told[MOST_TOLD];
    size_t count;
};

/* False, with everything checked, where nothing tells of files. */
bool watching_open(struct watching *watching);
void watching_close(struct watching *watching);

/* The path of an entry of the directory; valid until the next but one. */
const char *entry_of(const struct watching *watching, const char *name);
void make_entry(const struct watching *watching, const char *name, const char *text);
void append_to(const struct watching *watching, const char *name, const char *text);

/* Waits for the event, and takes what is told. */
#define TAKE_TOLD(watching) take_told((watching), HERE)
void take_told(struct watching *watching, struct where where);

/* Of what was taken, all that an id was told is this, but for what systems tell in their ways. */
#define EXPECT_TOLD(watching, id, what) expect_told((watching), (id), (what), HERE)
void expect_told(const struct watching *watching, mio_token id, uint32_t what, struct where where);

/* An event of this entry has been taken, by its name where names are told; which one, or NULL. */
const struct told_of_file *told_of(const struct watching *watching, mio_token id, const char *name,
                                   uint32_t what);

#endif
