/* SPDX-License-Identifier: MIT */
/* A key and a certificate for "localhost" that signs itself, made for one run. */
#ifndef ADAPTERS_TESTS_CERTIFICATE_H
#define ADAPTERS_TESTS_CERTIFICATE_H

#include "test.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline void add_name(X509 *certificate, const char *name)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, (char *)name);
    REQUIRE(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static inline X509 *new_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    REQUIRE(certificate != NULL);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    add_name(certificate, "DNS:localhost,IP:127.0.0.1");
    REQUIRE(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

struct contexts {
    SSL_CTX *server;
    SSL_CTX *client; /* which trusts the server's certificate */
    X509 *certificate;
    EVP_PKEY *key;
};

/* At most this version of TLS; 0: any. */
static inline void contexts_open(struct contexts *contexts, int version)
{
    contexts->key = EVP_EC_gen("P-256");
    REQUIRE(contexts->key != NULL);
    contexts->certificate = new_certificate(contexts->key);
    contexts->server = SSL_CTX_new(TLS_server_method());
    contexts->client = SSL_CTX_new(TLS_client_method());
    REQUIRE(contexts->server != NULL && contexts->client != NULL);
    REQUIRE_EQ(SSL_CTX_use_certificate(contexts->server, contexts->certificate), 1);
    REQUIRE_EQ(SSL_CTX_use_PrivateKey(contexts->server, contexts->key), 1);
    SSL_CTX_set_max_proto_version(contexts->server, version);
    SSL_CTX_set_verify(contexts->client, SSL_VERIFY_PEER, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(contexts->client), contexts->certificate);
}

static inline void contexts_close(struct contexts *contexts)
{
    SSL_CTX_free(contexts->client);
    SSL_CTX_free(contexts->server);
    X509_free(contexts->certificate);
    EVP_PKEY_free(contexts->key);
}

#endif
