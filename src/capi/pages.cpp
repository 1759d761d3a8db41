#include "client/pages.h"

#include <kosmonaut/client.h>

#include "capi/boundary.h"
#include "capi/calls.h"
#include "client/result.h"

using kn::Client;
using kn::capi::handed_in;
using kn::capi::optional_text;
using kn::capi::required_text;
using kn::capi::waited;

namespace {

template <class Page>
Page *take_page(std::unique_ptr<kn_result> result) {
    return new Page(std::get<Page>(std::get<kn::AnyPage>(std::move(result->given))));
}

/// The page that a completion finds; NULL where the call was another one, or failed.
template <class Page>
const Page *page_in(const kn_result *result) noexcept {
    const auto *page = result != nullptr ? std::get_if<kn::AnyPage>(&result->given) : nullptr;
    return page != nullptr ? std::get_if<Page>(page) : nullptr;
}

template <class Page>
const typename Page::Row *row_of(const Page *page, size_t index) noexcept {
    return page != nullptr ? page->at(index) : nullptr;
}

template <class Page>
size_t count_of(const Page *page) noexcept {
    return page != nullptr ? page->all.size() : 0;
}

template <class Page>
const char *next_of(const Page *page) noexcept {
    return page != nullptr && page->next ? page->next->c_str() : nullptr;
}

} // namespace

// ---- Subscribers ----

namespace {

auto asking_for_subscribers(const char *channel, const char *after, int32_t limit) {
    return [=](Client &by) {
        return kn::calls::subscribers(by.where(), required_text(channel, "the channel"),
                                      optional_text(after), limit);
    };
}

} // namespace

kn_status kn_client_subscribers(kn_client *client, const char *channel, const char *after,
                                int32_t limit, kn_subscribers **page, kn_error **error) {
    return waited(client, page, "the place for the page", take_page<kn_subscribers>, error,
                  asking_for_subscribers(channel, after, limit));
}

kn_status kn_client_subscribers_async(kn_client *client, const char *channel, const char *after,
                                      int32_t limit, kn_completion fn, void *user_data,
                                      void (*destroy)(void *), kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error,
                     asking_for_subscribers(channel, after, limit));
}

const kn_subscribers *kn_result_subscribers(const kn_result *result) {
    return page_in<kn_subscribers>(result);
}

size_t kn_subscribers_count(const kn_subscribers *page) { return count_of(page); }

const char *kn_subscribers_sid(const kn_subscribers *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr ? found->sid.c_str() : nullptr;
}

const char *kn_subscribers_uid(const kn_subscribers *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr && found->uid ? found->uid->c_str() : nullptr;
}

int32_t kn_subscribers_hidden(const kn_subscribers *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr && found->is_hidden ? 1 : 0;
}

const char *kn_subscribers_data(const kn_subscribers *page, size_t index, size_t *length) {
    const auto *found = row_of(page, index);
    if (length != nullptr)
        *length = found != nullptr ? found->data.size() : 0;
    return found != nullptr ? found->data.c_str() : nullptr;
}

const char *kn_subscribers_next(const kn_subscribers *page) { return next_of(page); }

void kn_subscribers_free(kn_subscribers *page) { delete page; }

// ---- Channels ----

namespace {

auto asking_for_channels(const char *prefix, const char *after, int32_t limit) {
    return [=](Client &by) {
        return kn::calls::channels(by.where(), optional_text(prefix).value_or(""),
                                   optional_text(after), limit);
    };
}

} // namespace

kn_status kn_client_channels(kn_client *client, const char *prefix, const char *after,
                             int32_t limit, kn_channels **page, kn_error **error) {
    return waited(client, page, "the place for the page", take_page<kn_channels>, error,
                  asking_for_channels(prefix, after, limit));
}

kn_status kn_client_channels_async(kn_client *client, const char *prefix, const char *after,
                                   int32_t limit, kn_completion fn, void *user_data,
                                   void (*destroy)(void *), kn_error **error) {
    return handed_in(client, fn, user_data, destroy, error,
                     asking_for_channels(prefix, after, limit));
}

const kn_channels *kn_result_channels(const kn_result *result) {
    return page_in<kn_channels>(result);
}

size_t kn_channels_count(const kn_channels *page) { return count_of(page); }

const char *kn_channels_name(const kn_channels *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr ? found->name.c_str() : nullptr;
}

const char *kn_channels_type(const kn_channels *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr ? found->type.c_str() : nullptr;
}

int64_t kn_channels_subscribers(const kn_channels *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr ? found->subscribers : 0;
}

int64_t kn_channels_members(const kn_channels *page, size_t index) {
    const auto *found = row_of(page, index);
    return found != nullptr ? found->members : -1;
}

const char *kn_channels_next(const kn_channels *page) { return next_of(page); }

void kn_channels_free(kn_channels *page) { delete page; }
