/*
 * Debian's libjansson.a is compiled for glibc with _FORTIFY_SOURCE, so it calls three
 * checked string functions that musl does not have. They are plain wrappers that keep the check.
 * Linked into the static (musl) build only.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __vsnprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, va_list args);
int __snprintf_chk(char *s, size_t max, int flag, size_t size, const char *format, ...);
char *__strncpy_chk(char *dest, const char *src, size_t n, size_t size);

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
