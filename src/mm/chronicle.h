/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chronicle: an optional part of a machine's block in which mechanisms and policies write down
 * what they decided and why, and in which pages remember when they were asked for. Part of the face
 * of src/mm (mm.h includes this file).
 *
 * It steers nothing and is not hashed. A machine without one pays a test of one offset at each
 * place that would write; it is as large with a full chronicle as with an empty one, so nothing is
 * allocated while the machine runs.
 */
#ifndef ZR_MM_CHRONICLE_H
#define ZR_MM_CHRONICLE_H

enum mm_note_kind {
	MM_NOTE_SAID,	      /* a sentence of a policy: @said */
	MM_NOTE_ZONE_REFUSED, /* v: free pages, pages that had to be exceeded, enum mm_wmark, 1: a
				 page of the order would have been there */
	MM_NOTE_ZONE_EMPTY,   /* the watermarks are met, but no list had anything to give */
	MM_NOTE_TAKEN,	      /* v: frame, order, zone's free pages after it */
	MM_NOTE_FALLBACK,     /* v: frame, order of the buddy, type wanted, type found, 1: the block
				 changed hands */
	MM_NOTE_SUITABLE,     /* v: enum mm_compact_result, index per mille, threshold, order */
	MM_NOTE_DEFERRED,     /* v: considered, limit, order that failed */
	MM_NOTE_DEFER,	      /* v: the shift now */
	MM_NOTE_COMPACTED,    /* v: enum mm_compact_result, pages moved, pages that would not move,
				 blocks looked at, of them refused for a page in them, first such
				 page's frame (-1: none), frames where the search for pages to move
				 began and ended */
	MM_NOTE_RECLAIMED,    /* v: pages reclaimed, pages scanned, priority at the end, 1: stopped
				 because compaction could work */
	MM_NOTE_LUMPY,	      /* v: pages reclaimed, priority at the end */
	MM_NOTE_KSWAPD,	      /* zone is the node; v: pages reclaimed, order asked, order at the end
			       */
	MM_NOTE_KCOMPACTD,    /* zone is the node; v: order */
	MM_NOTE_DRAINED,      /* v: pages that left the per-cpu lists */
	MM_NOTE_UNRESERVED,   /* a highatomic block was given back */
	MM_NOTE_NR_KINDS
};

struct mm_note {
	uint16_t kind; /* enum mm_note_kind */
	uint16_t zone; /* or node */
	uint32_t pad;
	union {
		int64_t v[8];
		char said[64]; /* NUL-terminated */
	};
};

/* Of an allocated page, at its head; it follows the object when it moves. */
struct mm_origin {
	uint64_t since; /* the machine's clock */
	uint32_t gfp;	/* MM_GFP_UNKNOWN: nobody was seen to ask for it */
	uint32_t pad;
};
#define MM_GFP_UNKNOWN UINT32_MAX

/* The first time that a request of another type took from a block, or took it over, since it last
 * went wholly free to movable pages. */
struct mm_pollution {
	uint64_t since;
	uint32_t pid;
	uint32_t head;	 /* frame of the buddy that was found */
	uint8_t order;	 /* of that buddy */
	uint8_t wanted;	 /* enum mm_type that was asked for */
	uint8_t found;	 /* enum mm_type of the list */
	uint8_t seen;	 /* 0: never */
	uint8_t claimed; /* the block became one of the wanted type */
	uint8_t pad[3];
};

#define MM_MAX_NOTES 1024u

struct mm_chronicle {
	uint64_t off_origins, off_pollutions; /* from the start of the machine's block */
	uint32_t nr_notes, lost_notes;
	uint32_t pid;		  /* on whose behalf; the drivers say so */
	uint32_t blocks, refused; /* of the compaction under way */
	uint32_t first_refused;	  /* frame; UINT32_MAX: none */
	struct mm_note notes[MM_MAX_NOTES];
};

static inline struct mm_chronicle *mm_chronicle(const struct mm *mm)
{
	return mm->off_chronicle ? mm_at(mm, mm->off_chronicle) : NULL;
}

/* A copy that has a chronicle, or NULL when memory is exhausted. */
struct mm *mm_with_chronicle(const struct mm *mm);
struct mm_origin *mm_origin(const struct mm *mm, struct frame f); /* NULL without a chronicle */
struct mm_pollution *mm_pollution(const struct mm *mm, struct block b); /* the same */
/* What was noted so far is forgotten; from here on the machine works on behalf of @pid. */
void mm_chronicle_begin(struct mm *mm, uint32_t pid);

/* Writers: they do nothing without a chronicle. */
void mm_note_write(struct mm *mm, enum mm_note_kind kind, uint32_t zone, const int64_t v[8]);
#define mm_note(mm, kind, zone, ...)                                                               \
	do {                                                                                       \
		if ((mm)->off_chronicle)                                                           \
			mm_note_write(mm, kind, zone, (const int64_t[8]){__VA_ARGS__});            \
	} while (0)
/* For policies: why they did what they did, in at most 63 characters. */
void mm_say(struct mm *mm, const char *text);
void mm_chronicle_bind(struct mm *mm, struct frame f);
void mm_chronicle_move(struct mm *mm, struct frame from, struct frame to);
void mm_chronicle_fallback(struct mm *mm, uint32_t zone, uint32_t wanted, struct frame head,
			   uint32_t order, uint32_t found, bool claimed);
void mm_chronicle_source(struct mm *mm, struct frame refused, uint32_t isolated);

#endif
