/*
 * Debian's static libraries are compiled for glibc with _FORTIFY_SOURCE, so they call a few
 * checked functions that musl does not have. They are plain wrappers that keep the check.
 * Linked into the static (musl) build only.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

int __vsnprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, va_list args);
int __snprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, ...);
int __sprintf_chk(char *s, int flag, size_t size, const char *format, ...);
char *__strncpy_chk(char *dest, const char *src, size_t n, size_t size);
void *__memcpy_chk(void *dest, const void *src, size_t n, size_t size);
long __fdelt_chk(long fd);
void __explicit_bzero_chk(void *dest, size_t n, size_t size);

int __vsnprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, va_list args)
{
	(void)flag;
	if (max > size)
		abort();
	return vsnprintf(s, max, format, args);
}

int __snprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = __vsnprintf_chk(s, max, flag, size, format, args);
	va_end(args);
	return len;
}

char *__strncpy_chk(char *dest, const char *src, size_t n, size_t size)
{
	if (n > size)
		abort();
	return strncpy(dest, src, n);
}

int __sprintf_chk(char *s, int flag, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = __vsnprintf_chk(s, size, flag, size, format, args);
	va_end(args);
	if (len >= 0 && (size_t)len >= size)
		abort();
	return len;
}

void *__memcpy_chk(void *dest, const void *src, size_t n, size_t size)
{
	if (n > size)
		abort();
	return memcpy(dest, src, n);
}

/* Which word of an fd_set. */
void __explicit_bzero_chk(void *dest, size_t n, size_t size)
{
	if (n > size)
		abort();
	explicit_bzero(dest, n);
}

long __fdelt_chk(long fd)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		abort();
	return fd / (long)(8 * sizeof(long));
}
