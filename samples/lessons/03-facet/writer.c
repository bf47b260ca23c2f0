/* writer: tries to write to descriptor 3, and to open the same file again for writing. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int again = open("/proc/self/fd/3", O_WRONLY | O_APPEND);

	return write(3, "x", 1) == 1 || (again >= 0 && write(again, "x", 1) == 1) ? 0 : 1;
}
