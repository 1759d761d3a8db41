// TLS by OpenSSL: the certificate of a port, which may be replaced while it is in use, and the
// encrypted side of a connection.
#pragma once

#include "net/outbound_queue.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace webrocket {

struct TlsFiles {
    std::filesystem::path certificate; // PEM, the server's own first, then its chain
    std::filesystem::path key;         // PEM

    bool is_set() const { return !certificate.empty(); }
};

// Which versions and suites are spoken. TLS 1.3 has good ones only.
struct TlsRules {
    // For TLS 1.2, in OpenSSL's words: authenticated encryption, with keys that are of no use to
    // whoever gets hold of the certificate's key later.
    std::string ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
    std::string min_version = "1.2"; // or 1.3
};

// Whether OpenSSL knows any of the suites that a list names.
bool names_ciphers(const std::string &list);

class TlsSession;

class TlsContext {
  public:
    // Throws std::runtime_error with a message for the operator.
    TlsContext(TlsFiles files, TlsRules rules);

    // Reads the files again; on failure (std::runtime_error) what was read before stays in use.
    // Any thread.
    void reload();

    // For a connection that was accepted. Any thread.
    std::unique_ptr<TlsSession> accept(int socket);

  private:
    TlsFiles files_;
    TlsRules rules_;
    std::mutex mutex_;
    std::shared_ptr<ssl_ctx_st> context_;
};

// The encrypted side of one connection, over its non-blocking socket.
class TlsSession {
  public:
    enum class Result { done, wants_input, wants_room, ended, failed };

    TlsSession(std::shared_ptr<ssl_ctx_st> context, int socket);
    ~TlsSession();
    TlsSession(const TlsSession &) = delete;
    TlsSession &operator=(const TlsSession &) = delete;

    // The handshake is made on the way.
    Result read(char *buffer, std::size_t size, std::size_t &count);
    // After wants_input or wants_room the same bytes must come first in the next call.
    Result write(const OutboundQueue &queue, std::size_t &count);
    bool is_established() const;
    // Whether bytes wait that the socket does not show any more.
    bool has_buffered_input() const;
    // Whether something was read or written, so that the handshake is over.
    bool has_begun() const { return has_begun_; }
    // What went wrong in the call that has just failed; empty when it was the network.
    static std::string failure();
    // Tells the peer that no more will come; no answer is waited for.
    void say_goodbye();

  private:
    Result result_of(int returned);

    std::shared_ptr<ssl_ctx_st> context_;
    ssl_st *ssl_ = nullptr;
    bool failed_ = false;
    bool has_begun_ = false;
};

} // namespace webrocket
