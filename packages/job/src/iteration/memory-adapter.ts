// Interrupts once the process holds more memory than a limit, before the kernel would end it.

import { sampled } from "./sampled.ts";

const unitBytes: Readonly<Record<string, number>> = { kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 };

/** For the name `memory:512mb`; kb, mb and gb are powers of 1,024. */
export function memoryAdapter(limit: string): () => string | false {
  const match = /^(\d+(?:\.\d+)?)(kb|mb|gb)$/i.exec(limit);
  if (match === null || Number(match[1]) === 0) {
    throw new TypeError('the interruption adapter "memory" needs a limit, as in memory:512mb');
  }
  const bytes = Number(match[1]) * unitBytes[match[2]!.toLowerCase()]!;
  return sampled(() => process.memoryUsage.rss() > bytes && `more than ${limit} of memory in use`);
}
