/* Eight threads on one client while the broker is killed and started again: every call is answered
 * within its time, and nothing is left open.
 *
 * soak SECONDS RESTARTS; exit status 0 only if that held. scripts/soak runs it. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kosmonaut/kosmonaut.h>

#include "test_broker.h"

enum { THREADS = 8, LIMIT_MS = 500, GRACE_MS = 100 };

static kn_client *client;
static atomic_int stop;

struct caller {
    pthread_t thread;
    long calls;
    long answered; /* with a status that is one of those below */
    long succeeded;
    int64_t longest_ms;
    kn_status unexpected;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* What a call may end with while its broker comes and goes. */
static int is_expected(kn_status status) {
    return status == KN_OK || status == KN_ECONNECT || status == KN_EIO || status == KN_ETIMEOUT ||
           status == KN_EUNAVAILABLE;
}

static void *call_on(void *argument) {
    struct caller *mine = argument;
    while (!atomic_load(&stop)) {
        kn_error *error = NULL;
        const int64_t before = now_ms();
        const kn_status said = kn_client_trigger(client, "soak", "e", "{\"n\":1}", 7, &error);
        const int64_t took = now_ms() - before;
        ++mine->calls;
        if (took > mine->longest_ms)
            mine->longest_ms = took;
        if (said == KN_OK)
            ++mine->succeeded;
        if (is_expected(said) && (said == KN_OK) == (error == NULL))
            ++mine->answered;
        else
            mine->unexpected = said;
        if (said != KN_OK)
            sleep_ms(1); /* a refused connection is refused at once, over and over */
        kn_error_free(error);
    }
    return NULL;
}

static int open_descriptors(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        ++count;
    closedir(directory);
    return count;
}

static int restart_again_and_again(test_broker *broker, int64_t seconds, int restarts) {
    for (int i = 0; i <= restarts; ++i) {
        sleep_ms(seconds * 1000 / (restarts + 1));
        if (i == restarts)
            break;
        if (!test_broker_kill(broker))
            return 0;
        sleep_ms(300);
        if (!test_broker_start_again(broker))
            return 0;
    }
    return 1;
}

static kn_client *make_client(const char *url) {
    kn_client *made = NULL;
    kn_options *options = kn_options_new();
    kn_options_set_request_timeout_ms(options, LIMIT_MS);
    kn_options_set_connect_timeout_ms(options, LIMIT_MS);
    kn_client_new(url, options, &made, NULL);
    kn_options_free(options);
    return made;
}

static int judge(const struct caller *callers) {
    int is_good = 1;
    long calls = 0, succeeded = 0;
    int64_t longest = 0;
    for (int i = 0; i < THREADS; ++i) {
        calls += callers[i].calls;
        succeeded += callers[i].succeeded;
        if (callers[i].longest_ms > longest)
            longest = callers[i].longest_ms;
        if (callers[i].answered != callers[i].calls) {
            printf("FAILED: a call ended with %s\n", kn_status_name(callers[i].unexpected));
            is_good = 0;
        }
    }
    printf("%ld calls, %ld of them successes; the longest took %ld ms, %d are allowed\n", calls,
           succeeded, (long)longest, LIMIT_MS + GRACE_MS);
    if (longest > LIMIT_MS + GRACE_MS || succeeded == 0) {
        printf("FAILED: a call outlived its limit, or none succeeded\n");
        is_good = 0;
    }
    return is_good;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const long seconds = strtol(argv[1], NULL, 10);
    const long restarts = strtol(argv[2], NULL, 10);
    struct caller callers[THREADS] = {{0}};
    test_broker *broker = test_broker_start();
    char *url = broker != NULL ? test_broker_add_vhost(broker, "/soak") : NULL;
    if (url == NULL || (client = make_client(url)) == NULL ||
        kn_client_open_channel(client, "soak", NULL) != KN_OK)
        return 2;
    kn_client_free(client);

    const int descriptors_before = open_descriptors();
    client = make_client(url);
    for (int i = 0; i < THREADS; ++i)
        if (pthread_create(&callers[i].thread, NULL, call_on, &callers[i]) != 0)
            return 2;
    const int restarted = restart_again_and_again(broker, seconds, (int)restarts);
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; ++i)
        pthread_join(callers[i].thread, NULL);
    kn_client_free(client);
    const int descriptors_after = open_descriptors();

    int is_good = judge(callers) && restarted;
    printf("%ld restarts; %d descriptors before, %d after\n", restarts, descriptors_before,
           descriptors_after);
    if (descriptors_after != descriptors_before) {
        printf("FAILED: descriptors leaked\n");
        is_good = 0;
    }
    free(url);
    return test_broker_free(broker) && is_good ? 0 : 1;
}
