#include "net/tls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace webrocket {
namespace {

std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char *reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown error" : reason;
}

// A key that asks for a pass phrase would stop the start at a terminal and fail without one.
int no_pass_phrase(char *, int, int, void *) { return -1; }

// WebSocket and the HTTP of backends are HTTP/1.1.
int choose_protocol(SSL *, const unsigned char **chosen, unsigned char *chosen_length,
                    const unsigned char *offered, unsigned offered_length, void *) {
    static constexpr std::array<unsigned char, 9> ours = {8,   'h', 't', 't', 'p',
                                                          '/', '1', '.', '1'};
    unsigned char *match = nullptr;
    if (SSL_select_next_proto(&match, chosen_length, ours.data(), ours.size(), offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = match;
    return SSL_TLSEXT_ERR_OK;
}

[[noreturn]] void fail(const std::filesystem::path &file, std::string_view what_is_wrong) {
    const std::string reason = last_error();
    if (::access(file.c_str(), R_OK) != 0)
        throw std::runtime_error(fmt::format("cannot read {}: {}", file.string(),
                                             std::generic_category().message(errno)));
    throw std::runtime_error(
        fmt::format("cannot use {}: {} ({})", file.string(), what_is_wrong, reason));
}

std::shared_ptr<SSL_CTX> load(const TlsFiles &files, const TlsRules &rules) {
    ERR_clear_error();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context)
        throw std::runtime_error("cannot set up TLS: " + last_error());
    SSL_CTX_set_min_proto_version(context.get(),
                                  rules.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (SSL_CTX_set_cipher_list(context.get(), rules.ciphers.c_str()) != 1)
        throw std::runtime_error("cannot use the ciphers " + rules.ciphers + ": " + last_error());
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Idle connections keep no buffers; what is written next may lie elsewhere by then.
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_default_passwd_cb(context.get(), no_pass_phrase);
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
        fail(files.certificate, "it holds no certificate in PEM");
    // A key of another kind than the certificate's is refused by the second, any other by the
    // first.
    const bool was_read =
        SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!was_read && ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
        fail(files.key, "it holds no private key in PEM, or one that needs a pass phrase");
    if (!was_read || SSL_CTX_check_private_key(context.get()) != 1)
        fail(files.key, "it is not the key of " + files.certificate.string());
    return context;
}

} // namespace

bool names_ciphers(const std::string &list) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()),
                                                                    SSL_CTX_free);
    const bool known = context && SSL_CTX_set_cipher_list(context.get(), list.c_str()) == 1;
    ERR_clear_error();
    return known;
}

TlsContext::TlsContext(TlsFiles files, TlsRules rules)
    : files_(std::move(files)), rules_(std::move(rules)), context_(load(files_, rules_)) {}

void TlsContext::reload() {
    auto fresh = load(files_, rules_);
    const std::lock_guard lock(mutex_);
    context_ = std::move(fresh);
}

std::unique_ptr<TlsSession> TlsContext::accept(int socket) {
    std::shared_ptr<SSL_CTX> context;
    {
        const std::lock_guard lock(mutex_);
        context = context_;
    }
    return std::make_unique<TlsSession>(std::move(context), socket);
}

TlsSession::TlsSession(std::shared_ptr<SSL_CTX> context, int socket)
    : context_(std::move(context)), ssl_(SSL_new(context_.get())) {
    if (ssl_ == nullptr || SSL_set_fd(ssl_, socket) != 1) {
        SSL_free(ssl_);
        throw std::bad_alloc();
    }
    SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Result TlsSession::result_of(int returned) {
    switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
        return Result::wants_input;
    case SSL_ERROR_WANT_WRITE:
        return Result::wants_room;
    case SSL_ERROR_ZERO_RETURN:
        return Result::ended;
    default:
        failed_ = true;
        return Result::failed;
    }
}

TlsSession::Result TlsSession::read(char *buffer, std::size_t size, std::size_t &count) {
    ERR_clear_error();
    const int returned = SSL_read_ex(ssl_, buffer, size, &count);
    has_begun_ = has_begun_ || returned == 1;
    return returned == 1 ? Result::done : result_of(returned);
}

TlsSession::Result TlsSession::write(const OutboundQueue &queue, std::size_t &count) {
    // A record holds 16 KB, and each costs its own headers and checks: small frames share one.
    constexpr std::size_t record_size_max = 16384;
    std::array<char, record_size_max> record;
    OutboundQueue::Gather gather;
    const std::size_t pieces = queue.gather(gather);
    std::size_t size = 0;
    for (std::size_t i = 0; i < pieces && size < record.size(); ++i) {
        const std::size_t part = std::min(gather[i].iov_len, record.size() - size);
        std::copy_n(static_cast<const char *>(gather[i].iov_base), part, record.data() + size);
        size += part;
    }
    ERR_clear_error();
    const int returned = SSL_write_ex(ssl_, record.data(), size, &count);
    has_begun_ = has_begun_ || returned == 1;
    return returned == 1 ? Result::done : result_of(returned);
}

bool TlsSession::is_established() const { return SSL_is_init_finished(ssl_) != 0; }

bool TlsSession::has_buffered_input() const { return SSL_pending(ssl_) > 0; }

std::string TlsSession::failure() { return ERR_peek_error() == 0 ? std::string() : last_error(); }

void TlsSession::say_goodbye() {
    if (failed_ || SSL_in_init(ssl_) != 0)
        return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
}

} // namespace webrocket
