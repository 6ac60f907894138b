/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/region.h"

#include <unistd.h>

#include "base/err.h"
#include "base/pages.h"

int region_init(struct region *region, const struct region_spec *spec)
{
	void *p = NULL;

	*region = (struct region){ .memfd = -1 };
	if (spec->at_once && spec->data_bytes > pages_ram_bytes())
		return -ENOMEM;
	if (spec->mappable) {
		region->memfd = pages_memfd_new("anon_inode:bpf-map", spec->data_bytes, &p);
		if (region->memfd < 0)
			return region->memfd;
	} else {
		p = pages_new(spec->data_bytes);
		if (!p)
			return -ENOMEM;
	}
	region->data = p;
	region->data_bytes = spec->data_bytes;
	if (spec->ctl_bytes) {
		region->ctl_bytes = sizeof(struct region_head) + spec->ctl_bytes;
		region->ctl = pages_new(region->ctl_bytes);
		if (!region->ctl) {
			region_fini(region);
			return -ENOMEM;
		}
	}
	return 0;
}

void region_fini(struct region *region)
{
	pages_free(region->data, region->data_bytes);
	pages_free(region->ctl, region->ctl_bytes);
	if (region->data && region->memfd >= 0)
		close(region->memfd);
	*region = (struct region){ .memfd = -1 };
}
