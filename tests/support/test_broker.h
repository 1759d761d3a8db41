/* A real broker for tests in C. A call that does not work out says why on the standard error. */
#ifndef TEST_BROKER_H
#define TEST_BROKER_H

#ifdef __cplusplus
extern "C" {
#endif

#define TEST_MUST_CHECK __attribute__((warn_unused_result))

/* A broker in a process of its own, which ends with the thread that started it at the latest. Its
 * addresses and its storage outlive the process. */
typedef struct test_broker test_broker;

/* NULL when it did not start. */
TEST_MUST_CHECK test_broker *test_broker_start(void);
/* Stops it if it still runs; 0 when it ended badly. May be NULL. */
int test_broker_free(test_broker *broker);

/* These three: 1, or 0 when it did not work. SIGKILL; returns when it is gone. */
TEST_MUST_CHECK int test_broker_kill(test_broker *broker);
/* SIGTERM; returns when it is gone. */
TEST_MUST_CHECK int test_broker_stop(test_broker *broker);
TEST_MUST_CHECK int test_broker_start_again(test_broker *broker);
/* It keeps its connections, and answers nobody until it is resumed. */
void test_broker_pause(test_broker *broker);
void test_broker_resume(test_broker *broker);

/* The vhost's URL with its token, for the caller to free(); NULL when it did not work. */
TEST_MUST_CHECK char *test_broker_add_vhost(test_broker *broker, const char *path);
TEST_MUST_CHECK char *test_broker_regenerate_token(test_broker *broker, const char *path);
TEST_MUST_CHECK int test_broker_delete_vhost(test_broker *broker, const char *path);
/* How many workers are connected to a vhost; -1 when it cannot be told. */
TEST_MUST_CHECK int test_broker_workers(test_broker *broker, const char *path);

/* A vhost's URL at which nobody listens, borrowed for good. */
const char *test_unused_address(void);

#ifdef __cplusplus
}
#endif

#endif
