/*
 * Reading a shared object or a program, with libelf. The file is hostile: every offset is checked
 * before it is used, and only layouts that rewriting understands are let through.
 */
#include "loader/elf.h"

#include <stdlib.h>
#include <string.h>

#include "cordon/shim.h"
#include "loader/loader.h"

static enum cd_status refuse(enum cd_status status, const char **why, const char *text)
{
	*why = text;
	return status;
}

static bool is_in_file(const struct loader_elf *elf, uint64_t offset, uint64_t len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

static enum cd_status read_header(struct loader_elf *elf, Elf *handle, const char **why)
{
	const GElf_Ehdr *ehdr = &elf->ehdr;

	if (elf_kind(handle) != ELF_K_ELF || !gelf_getehdr(handle, &elf->ehdr))
		return refuse(CD_EINVAL, why, "not an ELF file");
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_X86_64)
		return refuse(CD_ENOSUP, why, "not for x86-64");
	if (ehdr->e_type != ET_DYN && ehdr->e_type != ET_EXEC)
		return refuse(CD_ENOSUP, why, "neither a shared object nor a program");
	if (ehdr->e_version != EV_CURRENT || ehdr->e_ehsize != sizeof(Elf64_Ehdr) ||
	    ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return refuse(CD_EINVAL, why, "the ELF header is not valid");
	if (!ehdr->e_phnum || ehdr->e_phnum > LOADER_PHDRS_MAX)
		return refuse(CD_ENOSUP, why, "an odd number of program headers");
	if (ehdr->e_phoff < sizeof(Elf64_Ehdr) || ehdr->e_phoff % 8 ||
	    !is_in_file(elf, ehdr->e_phoff, (uint64_t)ehdr->e_phnum * sizeof(Elf64_Phdr)))
		return refuse(CD_EINVAL, why, "the program headers are not in the file");
	elf->count = ehdr->e_phnum;
	for (unsigned i = 0; i < elf->count; i++) {
		if (!gelf_getphdr(handle, (int)i, &elf->phdr[i]))
			return refuse(CD_EINVAL, why, "a program header cannot be read");
		if (elf->phdr[i].p_type != PT_GNU_STACK &&
		    !is_in_file(elf, elf->phdr[i].p_offset, elf->phdr[i].p_filesz))
			return refuse(CD_EINVAL, why, "a segment is not in the file");
	}
	return CD_OK;
}

static bool is_loadable(const GElf_Phdr *load)
{
	return load->p_filesz <= load->p_memsz && load->p_vaddr < LOADER_VADDR_MAX &&
	       load->p_memsz < LOADER_VADDR_MAX - load->p_vaddr && load->p_align >= LOADER_PAGE &&
	       !(load->p_align & (load->p_align - 1)) &&
	       !((load->p_vaddr ^ load->p_offset) & (load->p_align - 1));
}

/*
 * Segments that are loaded ascend, share no page of memory and no byte of the file; or a change
 * made to one would be seen in another.
 */
static bool is_behind(const GElf_Phdr *load, const GElf_Phdr *before)
{
	uint64_t end = loader_page_up(before->p_vaddr + before->p_memsz);

	return load->p_vaddr / LOADER_PAGE * LOADER_PAGE >= end &&
	       load->p_offset >= before->p_offset + before->p_filesz;
}

static bool is_copy(const struct loader_elf *elf, const GElf_Phdr *load)
{
	static const uint8_t magic[8] = CD_SHIM_MAGIC;

	return load->p_filesz >= CD_HEAD_SIZE &&
	       memcmp(elf->bytes + load->p_offset, magic, sizeof(magic)) == 0;
}

static enum cd_status check_loads(struct loader_elf *elf, const char **why)
{
	const GElf_Phdr *before = NULL;

	for (unsigned i = 0; i < elf->count; i++) {
		const GElf_Phdr *load = &elf->phdr[i];

		if (load->p_type != PT_LOAD)
			continue;
		if (elf->ehdr.e_type == ET_EXEC && load->p_vaddr >= LOADER_VADDR_MAX)
			return refuse(CD_ENOSUP, why, "its addresses are too high");
		if (!is_loadable(load))
			return refuse(CD_EINVAL, why, "a segment's size or place is not valid");
		if (before && !is_behind(load, before))
			return refuse(CD_ENOSUP, why, "its segments overlap, or do not ascend");
		if ((load->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
			return refuse(CD_ENOSUP, why, "it has writable code");
		before = load;
		elf->last_load = i;
	}
	if (before && is_copy(elf, before))
		return refuse(CD_EINVAL, why, "it was rewritten before");
	if (!before || !(before->p_flags & PF_W))
		return refuse(CD_ENOSUP, why, "its last segment is not the writable one");
	return CD_OK;
}

/* --- the dynamic section --- */

static bool has_interp(const struct loader_elf *elf)
{
	for (unsigned i = 0; i < elf->count; i++) {
		if (elf->phdr[i].p_type == PT_INTERP)
			return true;
	}
	return false;
}

/*
 * An interpreter is what can run with nothing else mapped: it has an entry point, needs no other
 * object, and asks for no interpreter. glibc's libc.so.6 has an entry point, and asks for one.
 * A static PIE would do as well, were it not marked: that is a program, as is what asks for fixed
 * addresses. Of programs, only those are taken that nobody else starts, or relocates.
 */
static enum cd_status check_kind(struct loader_elf *elf, bool is_needing, const char **why)
{
	if (elf->is_program) {
		if (is_needing || has_interp(elf))
			return refuse(CD_ENOSUP, why, "a program that is not static");
		if (!elf->ehdr.e_entry)
			return refuse(CD_ENOSUP, why, "a program without an entry point");
		return CD_OK;
	}
	elf->is_interpreter = elf->ehdr.e_entry && !is_needing && !has_interp(elf);
	/* It will be written out: layout.c. */
	if (elf->is_interpreter && elf->phdr[elf->last_load].p_memsz > LOADER_DATA_MAX)
		return refuse(CD_ELIMIT, why, "an interpreter with too much data");
	return CD_OK;
}

static enum cd_status read_dynamic(struct loader_elf *elf, Elf *handle, const char **why)
{
	bool is_needing = false, is_there = false, is_relocated = false;

	elf->is_program = elf->ehdr.e_type == ET_EXEC;
	for (unsigned i = 0; i < elf->count; i++) {
		Elf_Data *data;
		GElf_Dyn dyn;

		if (elf->phdr[i].p_type != PT_DYNAMIC)
			continue;
		data = elf_getdata_rawchunk(handle, (int64_t)elf->phdr[i].p_offset,
					    elf->phdr[i].p_filesz, ELF_T_DYN);
		for (int k = 0; data && gelf_getdyn(data, k, &dyn) && dyn.d_tag != DT_NULL; k++) {
			is_needing |= dyn.d_tag == DT_NEEDED;
			is_relocated |= dyn.d_tag == DT_TEXTREL ||
					(dyn.d_tag == DT_FLAGS && (dyn.d_un.d_val & DF_TEXTREL));
			elf->is_program |= dyn.d_tag == DT_FLAGS_1 && (dyn.d_un.d_val & DF_1_PIE);
		}
		is_there = data != NULL;
	}
	if (!is_there && !elf->is_program)
		return refuse(CD_ENOSUP, why, "it has no dynamic section");
	if (is_relocated)
		return refuse(CD_ENOSUP, why, "its code is relocated");
	return check_kind(elf, is_needing, why);
}

/* --- notes --- */

/* The first note of GNU's of a type: where what it says stands in the file, and its size. */
static bool find_gnu(Elf *handle, const GElf_Phdr *note, unsigned type, size_t *found, size_t *size)
{
	Elf_Data *data = elf_getdata_rawchunk(handle, (int64_t)note->p_offset, note->p_filesz,
					      note->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, next, name, desc;
	GElf_Nhdr nhdr;

	while (data && (next = gelf_getnote(data, at, &nhdr, &name, &desc)) > 0) {
		if (nhdr.n_type == type && nhdr.n_namesz == 4 &&
		    memcmp((const char *)data->d_buf + name, "GNU", 4) == 0) {
			*found = note->p_offset + desc;
			*size = nhdr.n_descsz;
			return true;
		}
		at = next;
	}
	return false;
}

static bool find_build_id(struct loader_elf *elf, Elf *handle, const GElf_Phdr *note)
{
	size_t at, size;

	if (!find_gnu(handle, note, NT_GNU_BUILD_ID, &at, &size) || !size ||
	    size > LOADER_BUILD_ID_MAX)
		return false;
	elf->build_id = at;
	elf->build_id_size = size;
	return true;
}

/*
 * What the file can do with (shadow stacks, indirect branch tracking) is in such a note; without
 * one, these are off for all of the process. Where PT_GNU_PROPERTY covers it, others are not read.
 */
static bool is_only_property(const struct loader_elf *elf, Elf *handle, const GElf_Phdr *note)
{
	size_t at, size;

	for (unsigned i = 0; i < elf->count; i++) {
		if (elf->phdr[i].p_type == PT_GNU_PROPERTY)
			return false;
	}
	return find_gnu(handle, note, NT_GNU_PROPERTY_TYPE_0, &at, &size);
}

/* PT_GNU_PROPERTY says the same as the note that it covers: that one is missed by nobody. */
static bool is_property(const struct loader_elf *elf, const GElf_Phdr *note)
{
	for (unsigned i = 0; i < elf->count; i++) {
		if (elf->phdr[i].p_type == PT_GNU_PROPERTY &&
		    elf->phdr[i].p_offset == note->p_offset &&
		    elf->phdr[i].p_filesz == note->p_filesz)
			return true;
	}
	return false;
}

/* Programs carry things for themselves in notes, too. */
static bool is_known(const struct loader_elf *elf, Elf *handle, const GElf_Phdr *note)
{
	Elf_Data *data = elf_getdata_rawchunk(handle, (int64_t)note->p_offset, note->p_filesz,
					      note->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, name, desc;
	GElf_Nhdr nhdr;

	if (!elf->is_program)
		return true;
	while (data && at < data->d_size) {
		at = gelf_getnote(data, at, &nhdr, &name, &desc);
		if (!at || nhdr.n_namesz != 4 ||
		    memcmp((const char *)data->d_buf + name, "GNU", 4) != 0)
			return false;
	}
	return data != NULL;
}

/* The note to give up: a property's that is covered, one without the build-id, or else any. */
static void read_notes(struct loader_elf *elf, Elf *handle)
{
	int best = -1;

	elf->note = elf->count;
	for (unsigned i = 0; i < elf->count; i++) {
		const GElf_Phdr *note = &elf->phdr[i];
		int worth;

		if (note->p_type != PT_NOTE || !is_known(elf, handle, note))
			continue;
		worth = find_build_id(elf, handle, note) ? 0 : 1;
		if (is_only_property(elf, handle, note))
			continue;
		if (is_property(elf, note))
			worth = 2;
		if (worth > best) {
			best = worth;
			elf->note = i;
		}
	}
}

/* --- programs --- */

static bool overlaps(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* Whether `size` bytes at an offset belong to no segment, and to no section: all of which are in
 * the file, or not understood. */
static bool is_free(const struct loader_elf *elf, Elf *handle, uint64_t at, uint64_t size)
{
	const GElf_Ehdr *ehdr = &elf->ehdr;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	for (unsigned i = 0; i < elf->count; i++) {
		if (elf->phdr[i].p_type != PT_GNU_STACK &&
		    overlaps(at, size, elf->phdr[i].p_offset, elf->phdr[i].p_filesz))
			return false;
	}
	if (!ehdr->e_shoff)
		return true;
	if (!is_in_file(elf, ehdr->e_shoff, (uint64_t)ehdr->e_shnum * ehdr->e_shentsize) ||
	    overlaps(at, size, ehdr->e_shoff, (uint64_t)ehdr->e_shnum * ehdr->e_shentsize))
		return false;
	while ((section = elf_nextscn(handle, section)) != NULL) {
		if (!gelf_getshdr(section, &shdr))
			return false;
		if (shdr.sh_type != SHT_NOBITS &&
		    (!is_in_file(elf, shdr.sh_offset, shdr.sh_size) ||
		     overlaps(at, size, shdr.sh_offset, shdr.sh_size)))
			return false;
	}
	return true;
}

static bool is_zero(const struct loader_elf *elf, uint64_t at, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		if (elf->bytes[at + i])
			return false;
	}
	return true;
}

/*
 * Static programs of musl often have no note. If their first segment holds the headers alone, and
 * zeros behind, there can be one more.
 */
static bool find_room(const struct loader_elf *elf, Elf *handle)
{
	uint64_t at = elf->ehdr.e_phoff + elf->count * sizeof(Elf64_Phdr);
	const GElf_Phdr *first = NULL, *next = NULL;

	for (unsigned i = 0; i < elf->count && !next; i++) {
		if (elf->phdr[i].p_type == PT_LOAD) {
			next = first ? &elf->phdr[i] : NULL;
			first = first ? first : &elf->phdr[i];
		}
	}
	return next && elf->count < LOADER_PHDRS_MAX && !(first->p_flags & (PF_W | PF_X)) &&
	       first->p_filesz == first->p_memsz && first->p_offset <= elf->ehdr.e_phoff &&
	       first->p_offset + first->p_filesz == at &&
	       loader_page_up(first->p_vaddr + first->p_memsz + sizeof(Elf64_Phdr)) <=
		   next->p_vaddr / LOADER_PAGE * LOADER_PAGE &&
	       is_in_file(elf, at, sizeof(Elf64_Phdr)) && is_zero(elf, at, sizeof(Elf64_Phdr)) &&
	       is_free(elf, handle, at, sizeof(Elf64_Phdr));
}

/* Before the version; in programs that only look for it, it is a string of its own. */
static bool has_go_info(const struct loader_elf *elf)
{
	static const char info[] = "\xff Go buildinf:";
	const uint8_t *at = elf->bytes, *end = elf->bytes + elf->size;
	size_t len = sizeof(info) - 1;

	while ((at = memmem(at, (size_t)(end - at), info, len)) != NULL) {
		at += len;
		if (at == end || *at)
			return true;
	}
	return false;
}

/* The table of functions: Go's runtime reads it. Its first byte tells the version. */
static bool has_go_table(const struct loader_elf *elf)
{
	static const uint8_t magic[] = {0xff, 0xff, 0xff, 0, 0, 1, 8};
	const uint8_t *at = elf->bytes, *end = elf->bytes + elf->size;

	while ((at = memmem(at, (size_t)(end - at), magic, sizeof(magic))) != NULL) {
		uint8_t version = at > elf->bytes ? at[-1] : 0;

		if (version == 0xfb || version == 0xfa || version == 0xf0 || version == 0xf1)
			return true;
		at++;
	}
	return false;
}

/*
 * Go's stacks have no byte to spare, and no guard behind them. Its linker leaves several marks, of
 * which a program can be rid of some.
 */
static bool is_go(const struct loader_elf *elf, Elf *handle)
{
	Elf_Scn *section = NULL;
	GElf_Nhdr nhdr;
	GElf_Shdr shdr;
	size_t names;

	for (unsigned i = 0; i < elf->count; i++) {
		size_t name, desc;
		Elf_Data *data;

		if (elf->phdr[i].p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(handle, (int64_t)elf->phdr[i].p_offset,
					    elf->phdr[i].p_filesz, ELF_T_NHDR);
		for (size_t at = 0;
		     data && (at = gelf_getnote(data, at, &nhdr, &name, &desc)) > 0;) {
			if (nhdr.n_namesz == 4 &&
			    memcmp((const char *)data->d_buf + name, "Go\0", 4) == 0)
				return true;
		}
	}
	while (elf_getshdrstrndx(handle, &names) == 0 &&
	       (section = elf_nextscn(handle, section)) != NULL) {
		const char *name =
		    gelf_getshdr(section, &shdr) ? elf_strptr(handle, names, shdr.sh_name) : NULL;

		if (name && (strncmp(name, ".go.", 4) == 0 || strcmp(name, ".gopclntab") == 0 ||
			     strncmp(name, ".note.go.", 9) == 0))
			return true;
	}
	return has_go_info(elf) || has_go_table(elf);
}

/* Where the file ends, as its headers have it. */
static uint64_t end_of(const struct loader_elf *elf, Elf *handle)
{
	uint64_t end = elf->ehdr.e_phoff + elf->count * sizeof(Elf64_Phdr), is;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;

	for (unsigned i = 0; i < elf->count; i++) {
		is = elf->phdr[i].p_offset + elf->phdr[i].p_filesz;
		if (elf->phdr[i].p_type != PT_GNU_STACK && is > end)
			end = is;
	}
	is = elf->ehdr.e_shoff + (uint64_t)elf->ehdr.e_shnum * elf->ehdr.e_shentsize;
	if (elf->ehdr.e_shoff < is && is > end)
		end = is;
	while ((section = elf_nextscn(handle, section)) != NULL) {
		if (gelf_getshdr(section, &shdr) && shdr.sh_type != SHT_NOBITS &&
		    is_in_file(elf, shdr.sh_offset, shdr.sh_size) &&
		    shdr.sh_offset + shdr.sh_size > end)
			end = shdr.sh_offset + shdr.sh_size;
	}
	return end;
}

static enum cd_status check_program(struct loader_elf *elf, Elf *handle, const char **why)
{
	uint64_t end;

	if (is_go(elf, handle))
		return refuse(CD_ENOSUP, why, "Go's stacks are too small for it");
	if (!elf->is_program)
		return CD_OK;
	elf->has_room = elf->note == elf->count && find_room(elf, handle);
	/* An archive, most likely, that the program looks for at the end of its own file. */
	end = end_of(elf, handle);
	if (end < elf->size && !is_zero(elf, end, elf->size - end))
		return refuse(CD_ENOSUP, why, "something is attached to it");
	return CD_OK;
}

enum cd_status loader_elf_open(struct loader_elf *elf, const void *bytes, size_t size,
			       const char **why)
{
	enum cd_status status;
	Elf *handle;

	if (size > LOADER_FILE_MAX)
		return refuse(CD_ELIMIT, why, "the file is too large");
	if (size < sizeof(Elf64_Ehdr))
		return refuse(CD_EINVAL, why, "not an ELF file");
	*elf = (struct loader_elf){.bytes = bytes, .size = size};
	elf_version(EV_CURRENT);
	/* libelf does not write to an image unless it is told to; its prototype does not say so. */
	handle = elf_memory((char *)(uintptr_t)bytes, size);
	if (!handle)
		return refuse(CD_EINVAL, why, "not an ELF file");
	status = read_header(elf, handle, why);
	if (status == CD_OK)
		status = check_loads(elf, why);
	if (status == CD_OK)
		status = read_dynamic(elf, handle, why);
	if (status == CD_OK) {
		read_notes(elf, handle);
		status = check_program(elf, handle, why);
	}
	if (status == CD_OK) {
		status = loader_find_functions(elf, handle);
		if (status != CD_OK)
			refuse(status, why, "no memory");
	}
	elf_end(handle);
	if (status != CD_OK)
		loader_elf_close(elf);
	return status;
}

void loader_elf_close(struct loader_elf *elf)
{
	free(elf->starts);
	elf->starts = NULL;
}

bool loader_may_be_static(const void *head, size_t size)
{
	const uint8_t *bytes = head;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	bool is_loaded = false;

	if (size < sizeof(ehdr))
		return false;
	memcpy(&ehdr, bytes, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_machine != EM_X86_64 || (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN) ||
	    ehdr.e_phentsize != sizeof(phdr) || ehdr.e_phoff > size ||
	    ehdr.e_phnum > (size - ehdr.e_phoff) / sizeof(phdr))
		return false;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		memcpy(&phdr, bytes + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_INTERP)
			return false;
		is_loaded |= phdr.p_type == PT_LOAD;
	}
	return is_loaded;
}

unsigned loader_elf_segment(const struct loader_elf *elf, uint64_t at, uint64_t len)
{
	for (unsigned i = 0; i < elf->count; i++) {
		const GElf_Phdr *load = &elf->phdr[i];

		if (load->p_type == PT_LOAD && at >= load->p_vaddr &&
		    at - load->p_vaddr <= load->p_filesz &&
		    len <= load->p_filesz - (at - load->p_vaddr))
			return i;
	}
	return elf->count;
}

const uint8_t *loader_elf_code(const struct loader_elf *elf, uint64_t at, size_t *left)
{
	unsigned i = loader_elf_segment(elf, at, 1);
	const GElf_Phdr *load = &elf->phdr[i];

	if (i == elf->count || !(load->p_flags & PF_X))
		return NULL;
	*left = load->p_filesz - (at - load->p_vaddr);
	return elf->bytes + load->p_offset + (at - load->p_vaddr);
}
