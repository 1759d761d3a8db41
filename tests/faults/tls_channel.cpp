#include "tls_channel.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace faults {
namespace {

template <auto Free>
struct freed_with {
    template <class T>
    void operator()(T *object) const {
        Free(object);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_with<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_with<X509_free>>;
using context_ptr = std::unique_ptr<SSL_CTX, freed_with<SSL_CTX_free>>;
using session_ptr = std::unique_ptr<SSL, freed_with<SSL_free>>;
using file_ptr = std::unique_ptr<std::FILE, freed_with<std::fclose>>;

void require(bool is_done, const char *what) {
    if (!is_done)
        throw std::runtime_error(what);
}

void add_extension(X509 *certificate, int which, const char *value) {
    const std::unique_ptr<X509_EXTENSION, freed_with<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, which, value));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

certificate_ptr self_signed(EVP_PKEY *key) {
    certificate_ptr certificate(X509_new());
    X509 *x = certificate.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char *>("127.0.0.1"), -1, -1, 0);
    X509_set_issuer_name(x, name);
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, NID_subject_alt_name, "IP:127.0.0.1");
    require(X509_sign(x, key, EVP_sha256()) > 0, "X509_sign");
    return certificate;
}

file_ptr opened(const std::string &path) {
    file_ptr file(std::fopen(path.c_str(), "we"));
    require(file != nullptr, path.c_str());
    return file;
}

class tls final : public channel {
  public:
    tls(SSL_CTX *context, descriptor socket, int stop)
        : socket_(std::move(socket)), stop_(stop), session_(SSL_new(context)) {
        fcntl(fd(), F_SETFL, O_NONBLOCK);
        SSL_set_fd(session_.get(), fd());
        if (until_done([this] { return SSL_accept(session_.get()); }) <= 0)
            throw hung_up();
    }

    std::size_t read(char *into, std::size_t size) override {
        const int got =
            until_done([&] { return SSL_read(session_.get(), into, static_cast<int>(size)); });
        return got <= 0 ? 0 : static_cast<std::size_t>(got);
    }

    void write(std::string_view bytes) override {
        if (bytes.empty())
            return;
        const int size = static_cast<int>(bytes.size());
        if (until_done([&] { return SSL_write(session_.get(), bytes.data(), size); }) <= 0)
            throw hung_up();
    }

    void say_goodbye() override { SSL_shutdown(session_.get()); }

    int fd() const noexcept override { return socket_.get(); }

  private:
    template <class Step>
    int until_done(const Step &step) {
        for (;;) {
            const int result = step();
            if (result > 0)
                return result;
            const int why = SSL_get_error(session_.get(), result);
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                return result;
            const short events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
            pollfd watched[2] = {{fd(), events, 0}, {stop_, POLLIN, 0}};
            (void)poll(watched, 2, -1);
            if (watched[1].revents != 0)
                throw hung_up();
        }
    }

    descriptor socket_;
    int stop_;
    session_ptr session_;
};

} // namespace

test_certificate::test_certificate() {
    std::string directory = std::filesystem::temp_directory_path() / "faults-XXXXXX";
    require(mkdtemp(directory.data()) != nullptr, "mkdtemp");
    directory_ = directory;
    file_ = directory + "/certificate.pem";
    key_file_ = directory + "/key.pem";
    const key_ptr key(EVP_EC_gen("P-256"));
    const certificate_ptr certificate = self_signed(key.get());
    require(PEM_write_X509(opened(file_).get(), certificate.get()) == 1, "PEM_write_X509");
    require(PEM_write_PrivateKey(opened(key_file_).get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) == 1,
            "PEM_write_PrivateKey");
}

test_certificate::~test_certificate() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

channel_maker tls_channel(const test_certificate &certificate) {
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()),
                                           freed_with<SSL_CTX_free>());
    require(context != nullptr, "SSL_CTX_new");
    require(SSL_CTX_use_certificate_file(context.get(), certificate.file().c_str(),
                                         SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file().c_str(),
                                            SSL_FILETYPE_PEM) == 1,
            "the test's certificate");
    return [context](descriptor socket, int stop) -> std::unique_ptr<channel> {
        return std::make_unique<tls>(context.get(), std::move(socket), stop);
    };
}

} // namespace faults
