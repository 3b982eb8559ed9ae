// Checks on the options of a call. A misspelt option that was ignored would be found in production.

/** @throws TypeError when `options` is no object or has a key that is not in `known` */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${where} takes an object of options, not ${kindOf(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = closestWord(key, known);
    const hint = near === null ? `the options are ${known.join(", ")}` : `did you mean "${near}"?`;
    throw new TypeError(`${where} has no option "${key}"; ${hint}`);
  }
}

/** @throws TypeError with `where` before a sentence of `check` */
export function inPlace<Value>(where: string, check: () => Value): Value {
  try {
    return check();
  } catch (error) {
    throw new TypeError(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** One of several words. @throws TypeError with the nearest, or all of them */
export function oneOf<Word extends string>(
  where: string,
  value: unknown,
  words: readonly Word[],
): Word {
  const known = words.find((word) => word === value);
  if (known !== undefined) return known;
  if (typeof value !== "string") throw new TypeError(`${where} must be ${either(words)}`);
  const near = closestWord(value, words);
  const hint = near === null ? `it must be ${either(words)}` : `did you mean "${near}"?`;
  throw new TypeError(`${where} cannot be ${JSON.stringify(value.slice(0, 40))}; ${hint}`);
}

function either(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** @throws TypeError unless it is a whole number of at least 1 */
export function wholeNumber(where: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  const found = typeof value === "number" ? String(value) : kindOf(value);
  throw new TypeError(`${where} must be a whole number of at least 1, not ${found}`);
}

/** One or several things, each with its place: `rate`, or `rate[1]` in a list. */
export function placed(where: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [[where, value]];
  return value.map((one, index) => [`${where}[${index}]`, one] as const);
}

/** The word a misspelling was probably meant to be, or null when none is near. */
export function closestWord(word: string, words: readonly string[]): string | null {
  let closest: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

/** For messages: what a value is, such as `a string`, `null` or `an array`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const type = typeof value;
  if (type !== "object") return `a ${type}`;
  try {
    return Array.isArray(value) ? "an array" : "an object";
  } catch {
    // A revoked proxy refuses even this question.
    return "an object";
  }
}

/** Letters to insert, delete or change; gives up at `limit`. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next[j] = Math.min(change, row[j]! + 1, next[j - 1]! + 1);
    }
    row = next;
  }
  return row[to.length]!;
}
