/* Criterion itself loses a few bytes for each test that is skipped: LeakSanitizer is to speak of
 * ours. */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libcriterion\n";
}
