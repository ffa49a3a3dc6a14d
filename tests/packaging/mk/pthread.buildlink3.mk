# SPDX-License-Identifier: MIT
# It says where threads come from.
