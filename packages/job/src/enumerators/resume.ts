// What every enumerator is given: the cursor to go on from. It is asked for by name, because an
// enumerator that is built without it starts from the beginning after every interruption.

import type { Json } from "@queue-runtime/store";
import type { Enumerator } from "../define/definition.ts";
import { kindOf } from "../values/options.ts";

export interface Resume {
  /** `context.cursor`: null is the beginning. */
  readonly cursor: Json;
}

/** A synchronous enumerator that knows how many items are left. */
export type SizedEnumerator<Item, Cursor extends Json> = Iterable<readonly [Item, Cursor]> & {
  readonly size: number;
};

export function sized<Item, Cursor extends Json>(
  size: number,
  items: () => Iterator<readonly [Item, Cursor]>,
): SizedEnumerator<Item, Cursor> {
  return { size, [Symbol.iterator]: items };
}

export function unsized<Item, Cursor extends Json>(
  items: () => AsyncIterator<readonly [Item, Cursor]>,
  size: number | null = null,
): AsyncIterable<readonly [Item, Cursor]> & { readonly size: number | null } {
  return { size, [Symbol.asyncIterator]: items };
}

export function sizeOf(enumerator: Enumerator<unknown>): number | null {
  const size: unknown = enumerator?.size;
  return Number.isSafeInteger(size) && (size as number) >= 0 ? (size as number) : null;
}

/** @throws TypeError when the cursor was left out */
export function cursorIn(name: string, options: Resume): Json {
  const cursor: unknown = options?.cursor;
  if (cursor !== undefined) return cursor as Json;
  throw new TypeError(
    `enumerators.${name} needs the cursor to resume from: enumerators.${name}(…, { cursor })`,
  );
}

/** The index of the first item left. @throws TypeError */
export function nextIndex(name: string, options: Resume): number {
  const cursor = cursorIn(name, options);
  if (cursor === null) return 0;
  if (Number.isSafeInteger(cursor) && (cursor as number) >= 0) return (cursor as number) + 1;
  throw new TypeError(
    `the cursor of enumerators.${name} is the index of an item, not ${shown(cursor)}`,
  );
}

export function shown(cursor: Json): string {
  return JSON.stringify(cursor)?.slice(0, 60) ?? kindOf(cursor);
}
