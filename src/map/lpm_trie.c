/* SPDX-License-Identifier: BSD-2-Clause */
/* Searching, inserting and removing in the trie of map/lpm_int.h. */
#include "map/lpm_int.h"

static u32 get(const _Atomic u32 *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static void set(_Atomic u32 *p, u32 v)
{
	atomic_store_explicit(p, v, memory_order_release);
}

/* Place in slots[] of the prefix of @bits (1 to 4) bits that covers nibble @x. */
static u32 slot_index(u32 bits, u32 x)
{
	return (1u << bits) - 2 + (x >> (4 - bits));
}

static u32 skip_nibble(const struct lpm_node *node, u32 i)
{
	return (u32)(node->skip >> 4 * (node->skip_cnt - 1 - i)) & 15;
}

/* How many of the node's skipped nibbles agree with the key from nibble @at on, @max at most. */
static u32 skip_common(const struct lpm_node *node, const u8 *data, u32 at, u32 max)
{
	u32 i = 0;

	while (i < max && skip_nibble(node, i) == lpm_nibble(data, at + i))
		i++;
	return i;
}

/* The longest prefix of at most @bits (1 to 3) bits in this node that covers nibble @x. */
static u32 best_of(const struct lpm_node *node, u32 bits, u32 x)
{
	for (; bits; bits--)
		if (node->slots[slot_index(bits, x)])
			return node->slots[slot_index(bits, x)];
	return 0;
}

/* Only keys that are shorter than the trie's come here; slots[] may change while it is read. */
static __attribute__((noinline, no_sanitize_thread)) u32
best_of_short(const struct lpm_node *node, u32 bits, u32 x)
{
	return best_of(node, bits, x);
}

u32 lpm_find(const struct map_lpm *t, struct lpm_key key)
{
	u32 best = get(&t->ctl->any), n = get(&t->ctl->root), at = 0;

	while (n) {
		const struct lpm_node *node = lpm_node_at(t, n);
		u32 found, x;

		if (node->skip_cnt) {
			if ((at + node->skip_cnt) * 4 >= key.bits ||
			    skip_common(node, key.data, at, node->skip_cnt) < node->skip_cnt)
				break;
			at += node->skip_cnt;
		} else if (at * 4 >= key.bits) {
			break;
		}
		x = lpm_nibble(key.data, at);
		if (unlikely(key.bits - at * 4 < 4)) {
			found = best_of_short(node, key.bits - at * 4, x);
			return found ? found : best;
		}
		found = get(&node->entries[x].best);
		if (found)
			best = found;
		n = get(&node->entries[x].kid);
		at++;
	}
	return best;
}

/* The node that holds prefixes like @key (not of 0 bits) and where in it; NULL: none. */
static struct lpm_node *node_of(const struct map_lpm *t, struct lpm_key key, u32 *ret_slot)
{
	u32 n = get(&t->ctl->root), at = 0, depth = (key.bits - 1) / 4;

	while (n) {
		struct lpm_node *node = lpm_node_at(t, n);
		u32 x;

		at += node->skip_cnt;
		if (at > depth ||
		    skip_common(node, key.data, at - node->skip_cnt, node->skip_cnt) <
			    node->skip_cnt)
			return NULL;
		x = lpm_nibble(key.data, at);
		if (at == depth) {
			*ret_slot = slot_index(key.bits - depth * 4, x);
			return node;
		}
		n = get(&node->entries[x].kid);
		at++;
	}
	return NULL;
}

u32 lpm_exact_locked(const struct map_lpm *t, struct lpm_key key)
{
	struct lpm_node *node;
	u32 slot;

	if (!key.bits)
		return get(&t->ctl->any);
	node = node_of(t, key, &slot);
	return node ? node->slots[slot] : 0;
}

static void node_refresh(struct lpm_node *node)
{
	for (u32 x = 0; x < 16; x++)
		set(&node->entries[x].best, best_of(node, 4, x));
}

/* A node that skips @cnt nibbles, those of @data from nibble @at on; empty. 0: no memory. */
static u32 node_new(struct map_lpm *t, const u8 *data, u32 at, u32 cnt)
{
	u32 n = map_pool_take_locked(&t->nodes);
	struct lpm_node *node;

	if (!n)
		return 0;
	node = lpm_node_at(t, n);
	memset(node, 0, sizeof(*node));
	node->skip_cnt = cnt;
	for (u32 i = 0; i < cnt; i++)
		node->skip = node->skip << 4 | lpm_nibble(data, at + i);
	return n;
}

/* A copy of @n with other nibbles to skip; both have the same kids and prefixes. */
static u32 node_copy(struct map_lpm *t, u32 n, u64 skip, u32 skip_cnt)
{
	u32 copy = map_pool_take_locked(&t->nodes);
	struct lpm_node *to, *from = lpm_node_at(t, n);

	if (!copy)
		return 0;
	to = lpm_node_at(t, copy);
	*to = (struct lpm_node){ .skip = skip, .skip_cnt = skip_cnt };
	memcpy(to->slots, from->slots, sizeof(to->slots));
	for (u32 x = 0; x < 16; x++) {
		set(&to->entries[x].kid, get(&from->entries[x].kid));
		set(&to->entries[x].best, get(&from->entries[x].best));
	}
	return copy;
}

/*
 * The key leaves node *@link after @common of its skipped nibbles: a node in between, which skips
 * so many, gets a copy of the old one, which skips the rest, as its kid.
 */
static int node_split(struct map_lpm *t, _Atomic u32 *link, const u8 *data, u32 at, u32 common)
{
	u32 n = get(link), rest, upper, lower;
	struct lpm_node *node = lpm_node_at(t, n);

	rest = node->skip_cnt - common - 1;
	upper = node_new(t, data, at, common);
	if (!upper)
		return -ENOMEM;
	lower = node_copy(t, n, rest ? node->skip & (~0ull >> (64 - 4 * rest)) : 0, rest);
	if (!lower) {
		map_pool_give_locked(&t->nodes, upper);
		return -ENOMEM;
	}
	set(&lpm_node_at(t, upper)->entries[skip_nibble(node, common)].kid, lower);
	set(link, upper);
	map_pool_retire_locked(&t->nodes, n);
	return 0;
}

/* The node for prefixes like @key (not of 0 bits), made where it is missing. NULL: no memory. */
static struct lpm_node *node_make(struct map_lpm *t, struct lpm_key key)
{
	u32 at = 0, depth = (key.bits - 1) / 4;
	_Atomic u32 *link = &t->ctl->root;
	struct lpm_node *node;

	for (;;) {
		u32 common, n = get(link);

		if (!n) {
			/* Too long a way is made of several nodes: this one is met again below. */
			n = node_new(t, key.data, at, MIN(depth - at, LPM_SKIP_MAX));
			if (!n)
				return NULL;
			set(link, n);
		}
		node = lpm_node_at(t, n);
		common = skip_common(node, key.data, at, MIN(node->skip_cnt, depth - at));
		if (common < node->skip_cnt) {
			if (node_split(t, link, key.data, at, common))
				return NULL;
			continue;
		}
		at += node->skip_cnt;
		if (at == depth)
			return node;
		link = &node->entries[lpm_nibble(key.data, at)].kid;
		at++;
	}
}

/* How many kids; *ret_x is the nibble of the last. */
static u32 node_kids(const struct lpm_node *node, u32 *ret_x)
{
	u32 cnt = 0;

	for (u32 x = 0; x < 16; x++) {
		if (get(&node->entries[x].kid)) {
			*ret_x = x;
			cnt++;
		}
	}
	return cnt;
}

static bool node_has_prefix(const struct lpm_node *node)
{
	for (u32 i = 0; i < LPM_SLOTS; i++)
		if (node->slots[i])
			return true;
	return false;
}

/*
 * Mends invariant 3 at *@link after a removal below or in it: true when the node is gone, so that
 * its parent may be next. Without memory for the copy the node stays, which harms nobody.
 */
static bool node_prune(struct map_lpm *t, _Atomic u32 *link)
{
	u32 n = get(link), x = 0, kids, copy;
	struct lpm_node *node = lpm_node_at(t, n), *kid;

	if (node_has_prefix(node))
		return false;
	kids = node_kids(node, &x);
	if (!kids) {
		set(link, 0);
		map_pool_retire_locked(&t->nodes, n);
		return true;
	}
	kid = lpm_node_at(t, get(&node->entries[x].kid));
	if (kids > 1 || node->skip_cnt + 1 + kid->skip_cnt > LPM_SKIP_MAX)
		return false;
	copy = node_copy(t, get(&node->entries[x].kid),
			 (node->skip << 4 | x) << 4 * kid->skip_cnt | kid->skip,
			 node->skip_cnt + 1 + kid->skip_cnt);
	if (!copy)
		return false;
	map_pool_retire_locked(&t->nodes, get(&node->entries[x].kid));
	set(link, copy);
	map_pool_retire_locked(&t->nodes, n);
	return false;
}

/* Prunes the deepest node on the way to @key; true: again, its parent may be next. */
static bool prune_deepest(struct map_lpm *t, struct lpm_key key)
{
	_Atomic u32 *link = &t->ctl->root, *last = NULL;
	u32 at = 0, depth = (key.bits - 1) / 4;

	while (get(link)) {
		struct lpm_node *node = lpm_node_at(t, get(link));

		if (at + node->skip_cnt > depth ||
		    skip_common(node, key.data, at, node->skip_cnt) < node->skip_cnt)
			break;
		last = link;
		at += node->skip_cnt;
		if (at == depth)
			break;
		link = &node->entries[lpm_nibble(key.data, at)].kid;
		at++;
	}
	return last && node_prune(t, last);
}

int lpm_insert_locked(struct map_lpm *t, struct lpm_key key, u32 leaf, u32 *ret_old)
{
	struct lpm_node *node;
	u32 slot;

	if (!key.bits) {
		*ret_old = get(&t->ctl->any);
		set(&t->ctl->any, leaf);
		return 0;
	}
	node = node_make(t, key);
	if (!node) {
		/* What was made of the way leads nowhere. */
		while (prune_deepest(t, key))
			;
		return -ENOMEM;
	}
	slot = slot_index((key.bits - 1) % 4 + 1, lpm_nibble(key.data, (key.bits - 1) / 4));
	*ret_old = node->slots[slot];
	node->slots[slot] = leaf;
	node_refresh(node);
	return 0;
}

u32 lpm_remove_locked(struct map_lpm *t, struct lpm_key key)
{
	struct lpm_node *node;
	u32 slot, old;

	if (!key.bits) {
		old = get(&t->ctl->any);
		set(&t->ctl->any, 0);
		return old;
	}
	node = node_of(t, key, &slot);
	if (!node || !node->slots[slot])
		return 0;
	old = node->slots[slot];
	node->slots[slot] = 0;
	node_refresh(node);
	while (prune_deepest(t, key))
		;
	return old;
}

/* The first prefix of node @n and below that covers or lies under nibbles @lo to @hi. */
static u32 first_below(const struct map_lpm *t, u32 n, u32 lo, u32 hi)
{
	u32 bits_min = 4 - ilog2_u64(hi - lo + 1);

	while (n) {
		const struct lpm_node *node = lpm_node_at(t, n);
		u32 kid = 0;

		for (u32 x = lo; x <= hi && !kid; x++) {
			kid = get(&node->entries[x].kid);
			if (kid)
				break;
			/* What ends with x: itself, then shorter ones whose last nibble it is. */
			for (u32 bits = 4; bits && bits >= bits_min; bits--) {
				if (bits < 4 && (x + 1) & ((1u << (4 - bits)) - 1))
					break;
				if (node->slots[slot_index(bits, x)])
					return node->slots[slot_index(bits, x)];
			}
		}
		n = kid;
		lo = 0;
		hi = 15;
		bits_min = 0;
	}
	return 0;
}

/* The first prefix among those that begin with the @key.bits bits of @key. */
static u32 first_under(const struct map_lpm *t, struct lpm_key key)
{
	u32 n = get(&t->ctl->root), at = 0, depth, bits, x;

	if (!key.bits) {
		u32 first = n ? first_below(t, n, 0, 15) : 0;

		return first ? first : get(&t->ctl->any);
	}
	depth = (key.bits - 1) / 4;
	bits = key.bits - depth * 4;
	while (n) {
		const struct lpm_node *node = lpm_node_at(t, n);
		u32 way = MIN(node->skip_cnt, depth - at);

		if (skip_common(node, key.data, at, way) < way)
			return 0;
		if (way < node->skip_cnt) {
			/* The key ends within what is skipped: all below or nothing. */
			x = skip_nibble(node, way);
			return x >> (4 - bits) == lpm_nibble(key.data, depth) >> (4 - bits) ?
				       first_below(t, n, 0, 15) :
				       0;
		}
		at += way;
		x = lpm_nibble(key.data, at);
		if (at == depth) {
			x = x >> (4 - bits) << (4 - bits);
			return first_below(t, n, x, x + (1u << (4 - bits)) - 1);
		}
		n = get(&node->entries[x].kid);
		at++;
	}
	return 0;
}

u32 lpm_next_locked(const struct map_lpm *t, struct lpm_key key)
{
	u8 data[256];
	u32 bytes = (key.bits + 7) / 8, found;

	if (!key.data)
		return first_under(t, (struct lpm_key){ NULL, 0 });
	memcpy(data, key.data, MIN(bytes, (u32)sizeof(data)));
	key.data = data;
	while (key.bits) {
		u8 bit = (u8)(0x80 >> ((key.bits - 1) & 7));
		u8 *byte = &data[(key.bits - 1) / 8];

		if (!(*byte & bit)) {
			*byte |= bit;
			found = first_under(t, key);
			if (found)
				return found;
		}
		*byte = (u8)(*byte & ~bit);
		key.bits--;
		found = lpm_exact_locked(t, key);
		if (found)
			return found;
	}
	return 0;
}
