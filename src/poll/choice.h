/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_CHOICE_H
#define MIO_SRC_POLL_CHOICE_H

#include "../selector/selector.h"

/* The selectors of this build, best first, ended by NULL. */
extern const struct mio__selector_ops *const mio__selectors[];

/* Makes the selector that `backend` names (NULL: as options.h says) and becomes its first owner. */
int mio__selector_open(const char *backend, const struct mio__config *config,
                       struct mio_selector **selector);

/* Whether the program runs with rights that whoever set its environment may lack: those of another
 * user or group, or of its file. Nothing is taken from the environment then. */
bool mio__has_lent_rights(void);

#endif
