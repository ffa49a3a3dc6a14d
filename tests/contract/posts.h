/* SPDX-License-Identifier: MIT */
/* A poll with a queue of posted events. */
#ifndef CONTRACT_POSTS_H
#define CONTRACT_POSTS_H

#include "support.h"

enum { POSTS_TOKEN = 9 };

struct posting {
    struct loop loop;
    struct mio_post_queue *queue; /* its token is POSTS_TOKEN */
};

struct posting posting_open(uint32_t flags, size_t capacity);
void posting_close(struct posting *posting);

/* Takes a post, which has to be this one. */
#define EXPECT_POST(queue, token, payload) expect_post((queue), (token), (payload), HERE)
#define EXPECT_NO_POST(queue)              expect_no_post((queue), HERE)

void expect_post(struct mio_post_queue *queue, mio_token token, uint64_t payload,
                 struct where where);
void expect_no_post(struct mio_post_queue *queue, struct where where);

#endif
