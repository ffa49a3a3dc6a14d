# SPDX-License-Identifier: MIT
# No rules of a system.
