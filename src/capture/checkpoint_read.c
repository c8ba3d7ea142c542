// SPDX-License-Identifier: GPL-2.0-only
#include "capture/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#define WORD "zonereplay checkpoint "

struct checkpoint_piece {
	uint64_t id, hash;
	uint32_t file, sequence, number;
	uint32_t len;
	char *text;
};

static const char *const names[CHECKPOINT_NR_FILES] = {"buddyinfo", "pagetypeinfo"};

void checkpoints_init(struct checkpoints *c)
{
	memset(c, 0, sizeof(*c));
}

static void free_pieces(struct checkpoints *c)
{
	size_t i;

	for (i = 0; i < c->nr_pieces; i++)
		free(c->pieces[i].text);
	free(c->pieces);
	c->pieces = NULL;
	c->nr_pieces = 0;
}

void checkpoints_release(struct checkpoints *c)
{
	size_t i, f;

	for (i = 0; i < c->nr; i++)
		for (f = 0; f < CHECKPOINT_NR_FILES; f++)
			free(c->list[i].text[f]);
	free(c->list);
	free_pieces(c);
	memset(c, 0, sizeof(*c));
}

static void begin(struct checkpoints *c, uint64_t id, uint64_t index)
{
	if (c->nr % 64 == 0)
		c->list = realloc(c->list, (c->nr + 64) * sizeof(*c->list));
	c->list[c->nr++] = (struct checkpoint){.id = id, .begin = index, .end = UINT64_MAX};
}

static void end(struct checkpoints *c, uint64_t id, uint64_t index)
{
	if (c->nr && c->list[c->nr - 1].id == id)
		c->list[c->nr - 1].end = index;
}

static int file_number(const char *name)
{
	int f;

	for (f = 0; f < CHECKPOINT_NR_FILES; f++)
		if (!strcmp(names[f], name))
			return f;
	return -1;
}

static void data(struct checkpoints *c, const char *head, const char *body, size_t len)
{
	unsigned long long id, hash;
	unsigned int sequence, number;
	struct checkpoint_piece *p;
	char name[16];
	int file;

	if (sscanf(head, "%llu %u/%u %15s %llx", &id, &sequence, &number, name, &hash) != 5)
		return;
	file = file_number(name);
	if (file < 0 || sequence >= number || !len || len > CHECKPOINT_MAX_TEXT)
		return;
	len--; /* the dot that ends every piece */
	if (c->nr_pieces % 256 == 0)
		c->pieces = realloc(c->pieces, (c->nr_pieces + 256) * sizeof(*c->pieces));
	p = &c->pieces[c->nr_pieces++];
	*p = (struct checkpoint_piece){id, hash, file, sequence, number, len, malloc(len + 1)};
	memcpy(p->text, body, len);
	p->text[len] = 0;
}

void checkpoints_add(struct checkpoints *c, uint64_t index, const char *text, size_t len)
{
	const size_t skip = strlen(WORD);
	const char *newline;
	char head[160];
	unsigned long long id;
	size_t n;

	if (len < skip || memcmp(text, WORD, skip))
		return;
	newline = memchr(text, '\n', len);
	n = newline ? (size_t)(newline - text) : len;
	if (n - skip >= sizeof(head))
		return;
	memcpy(head, text + skip, n - skip);
	head[n - skip] = 0;
	if (sscanf(head, "begin %llu", &id) == 1)
		begin(c, id, index);
	else if (sscanf(head, "end %llu", &id) == 1)
		end(c, id, index);
	else if (newline && !strncmp(head, "data ", 5))
		data(c, head + 5, newline + 1, len - n - 1);
}

/* Pieces of one text follow one another: one process writes them. */
static size_t join(struct checkpoints *c, size_t first)
{
	const struct checkpoint_piece *p = &c->pieces[first];
	struct strbuf text;
	size_t i, k;

	strbuf_init(&text);
	for (i = first;
	     i < c->nr_pieces && c->pieces[i].id == p->id && c->pieces[i].file == p->file; i++) {
		if (c->pieces[i].sequence != i - first)
			break;
		strbuf_add(&text, c->pieces[i].text, c->pieces[i].len);
	}
	for (k = c->nr; k-- > 0;)
		if (c->list[k].id == p->id)
			break;
	if (i - first == p->number && hash_bytes(text.s, text.len, 0) == p->hash && k < c->nr &&
	    !c->list[k].text[p->file])
		c->list[k].text[p->file] = strbuf_detach(&text);
	else
		c->damaged++;
	strbuf_release(&text);
	return i > first ? i : first + 1;
}

void checkpoints_finish(struct checkpoints *c)
{
	size_t i = 0;

	while (i < c->nr_pieces)
		i = join(c, i);
	free_pieces(c);
}
