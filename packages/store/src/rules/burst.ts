// Which bursts a rate may have. One gate keeps a rate: `burst` slots that rest for `perMs * burst /
// limit` each. Of such spans exactly `limit / burst` fit into `perMs`, so that "at most `limit` in
// any `perMs`" is exact as long as that is a whole number; with a remainder one more span would
// touch the period, and up to twice the limit would begin in it. Rejected: a second gate that keeps
// the window, which every job of the key would pay for.

import type { Rate } from "../flow.ts";

/** So many are all listed; of more, only the two that are nearest. */
const mostListed = 6;

/** null for a burst that keeps the limit; otherwise the sentence after the name of the option. */
export function whyNoBurst({ limit, burst }: Pick<Rate, "limit" | "burst">): string | null {
  if (limit % burst === 0) return null;
  if (burst > limit) return `${burst} is more than the limit ${limit}: use ${limit} or less`;
  const all = divisorsOf(limit);
  const near = [all.findLast((one) => one < burst), all.find((one) => one > burst)];
  const choices = all.length <= mostListed ? all : near;
  const listed = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  return `${burst} does not divide the limit ${limit}: use ${listed}`;
}

function divisorsOf(limit: number): readonly number[] {
  const small: number[] = [];
  for (let n = 1; n * n <= limit; n += 1) if (limit % n === 0) small.push(n);
  const large = small.map((n) => limit / n).reverse();
  return [...small, ...large.filter((n) => n * n > limit)];
}
