#include "http/proxy.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/failure.h"
#include "base/text.h"
#include "http/parsed_url.h"

namespace kn {

void require_proxy_url(std::string_view url) {
    require_text(url, "the proxy");
    const std::size_t end = url.find("://");
    constexpr std::string_view schemes[] = {"http",    "https",  "socks4",
                                            "socks4a", "socks5", "socks5h"};
    if (end == std::string_view::npos ||
        std::find(std::begin(schemes), std::end(schemes), url.substr(0, end)) == std::end(schemes))
        throw Failure(KN_EINVAL,
                      "the proxy's URL begins with none of http://, https://, socks4://, "
                      "socks4a://, socks5:// and socks5h://");
    // libcurl's parser knows no socks; apart from the scheme they are alike.
    const ParsedUrl parsed("http" + std::string(url.substr(end)));
    if (parsed.complaint() != nullptr)
        throw Failure(KN_EINVAL, std::string("malformed URL of the proxy: ") + parsed.complaint());
}

} // namespace kn
