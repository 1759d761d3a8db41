#ifndef SUPPORT_BROWSER_HPP
#define SUPPORT_BROWSER_HPP

#include <memory>
#include <string>

namespace support {

/// What a page in a browser is to the broker: a WebSocket connection on which it sends and receives
/// the messages of the frontend protocol. Payloads are JSON texts, sent and told as they are.
/// Everything here throws when it does not work out in time, or when the broker answers with an
/// error.
class browser {
  public:
    /// Connects to the vhost that @p backend_url names; the token in it is for authenticate()
    /// alone.
    explicit browser(const std::string &backend_url);
    ~browser();
    browser(const browser &) = delete;
    browser &operator=(const browser &) = delete;

    /// The session's id, as the broker told it.
    const std::string &sid() const;

    /// Becomes the user @p uid, with a single access token that the backend asks for.
    void authenticate(const std::string &uid, const std::string &channels);
    void subscribe(const std::string &channel);
    /// With something to say of itself, a JSON object; hidden from the others of a presence
    /// channel, or not.
    void subscribe(const std::string &channel, const std::string &data, bool is_hidden = false);
    void broadcast(const std::string &channel, const std::string &event,
                   const std::string &data = "{}");
    /// Only workers hear it, and nobody answers.
    void trigger(const std::string &event, const std::string &data = "{}");

    /// The payload of the next message of that name; others that came before it are kept.
    std::string wait_for(const std::string &name);

  private:
    struct connection;
    std::unique_ptr<connection> connection_;
};

} // namespace support

#endif
