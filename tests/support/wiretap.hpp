#ifndef SUPPORT_WIRETAP_HPP
#define SUPPORT_WIRETAP_HPP

#include <memory>
#include <string>

namespace support {

/// Stands between somebody and the broker, passes everything on, and keeps what was sent to the
/// broker. On a thread of its own.
class wiretap {
  public:
    explicit wiretap(const std::string &broker_url);
    ~wiretap();
    wiretap(const wiretap &) = delete;
    wiretap &operator=(const wiretap &) = delete;

    /// The vhost's URL through here.
    const std::string &url() const;
    /// What was sent to the broker so far, on all connections.
    std::string sent() const;
    /// How many connections there have been.
    int connections() const;

  private:
    class relay;
    std::unique_ptr<relay> relay_;
};

} // namespace support

#endif
