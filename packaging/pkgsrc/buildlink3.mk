# $NetBSD$
# SPDX-License-Identifier: MIT

BUILDLINK_TREE+=	libmio

.if !defined(LIBMIO_BUILDLINK3_MK)
LIBMIO_BUILDLINK3_MK:=

BUILDLINK_API_DEPENDS.libmio+=	libmio>=@VERSION@
BUILDLINK_PKGSRCDIR.libmio?=	../../devel/libmio

.include "../../mk/pthread.buildlink3.mk"
.endif # LIBMIO_BUILDLINK3_MK

BUILDLINK_TREE+=	-libmio
