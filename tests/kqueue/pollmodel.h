/* SPDX-License-Identifier: MIT */
/* The model of the system's poll(2), for the model of its event ports. */
#ifndef POLLMODEL_H
#define POLLMODEL_H

/* What the system's poll(2) says of one descriptor, asked for these bits. */
short pollmodel_answer(int fd, int events);

/* Called before the model looks at descriptors. Does nothing where nobody else defines it. */
void pollmodel_before_asking(void);

#endif
