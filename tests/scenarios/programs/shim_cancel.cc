// Threads that are cancelled while they wait in open(): what is on their stacks is destroyed.
#include <cstdio>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

struct object {
	const char *name;
	~object() { std::printf("destroyed %s\n", name); }
};

static void clean(void *name)
{
	std::printf("cleaned %s\n", static_cast<char *>(name));
}

static __attribute__((noinline)) int wait_there()
{
	object inner{"inner"};

	return open("a/fifo", O_RDONLY);
}

static void *run(void *)
{
	object outer{"outer"};

	pthread_cleanup_push(clean, const_cast<char *>("handler"));
	std::printf("unexpected: %d\n", wait_there());
	pthread_cleanup_pop(0);
	return nullptr;
}

int main()
{
	for (int i = 0; i < 5; i++) {
		pthread_t thread;
		void *result;

		pthread_create(&thread, nullptr, run, nullptr);
		usleep(20000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		std::printf("cancelled: %d\n", result == PTHREAD_CANCELED);
	}
	try {
		if (access("/usr/none", F_OK))
			throw 7;
	} catch (int thrown) {
		std::printf("caught %d\n", thrown);
	}
	return 0;
}
