#include "settings.hpp"

#include "failure.hpp"

#include <sstream>

settings::settings(int count, char **arguments) {
    for (int i = 0; i < count; ++i) {
        const std::string argument = arguments[i];
        const std::size_t sign = argument.find('=');
        require(sign != std::string::npos, "not NAME=VALUE", argument);
        values_[argument.substr(0, sign)] = argument.substr(sign + 1);
    }
}

std::string settings::text(const std::string &name) const {
    const auto found = values_.find(name);
    require(found != values_.end(), "missing", name);
    return found->second;
}

std::string settings::text(const std::string &name, const std::string &otherwise) const {
    return values_.count(name) != 0 ? text(name) : otherwise;
}

std::size_t settings::number(const std::string &name) const { return std::stoul(text(name)); }

double settings::seconds(const std::string &name) const { return std::stod(text(name)); }

std::vector<std::string> settings::list(const std::string &name) const {
    std::vector<std::string> items;
    std::istringstream in(text(name, ""));
    for (std::string item; std::getline(in, item, ',');)
        items.push_back(item);
    return items;
}

server_usage settings::server() const {
    std::vector<pid_t> processes;
    for (const std::string &process : list("processes"))
        processes.push_back(static_cast<pid_t>(std::stol(process)));
    return server_usage(std::move(processes));
}

http_address settings::address(const std::string &target) const {
    return {port(), text(target), text("authorization", "")};
}
