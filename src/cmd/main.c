// SPDX-License-Identifier: GPL-2.0-only
#include "base/base.h"

int main(void)
{
	return 0;
}
