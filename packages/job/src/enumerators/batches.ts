// The items of another enumerator in groups. The cursor of a batch is that of its last item, so a
// batch is repeated whole or not at all.

import type { Json } from "@queue-runtime/store";
import type { Enumerator } from "../define/definition.ts";
import { pairOf } from "../iteration/steps.ts";
import { sizeOf, unsized } from "./resume.ts";

/** Batches of `size` items; the last may be smaller. `inner` is built with the cursor. */
export function batches<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  size: number,
): Enumerator<Item[], Cursor> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new TypeError(`enumerators.batches takes a size of at least 1, not ${size}`);
  }
  const items = sizeOf(inner);
  const count = items === null ? null : Math.ceil(items / size);
  return unsized(() => grouped(inner, size), count);
}

async function* grouped<Item, Cursor extends Json>(
  inner: Enumerator<Item, Cursor>,
  size: number,
): AsyncGenerator<readonly [Item[], Cursor]> {
  let batch: Item[] = [];
  let last: { readonly cursor: Cursor } | null = null;
  let failure: { readonly thrown: unknown } | null = null;
  try {
    for await (const pair of inner) {
      const [item, cursor] = pairOf("the enumerator of a batch", pair) as [Item, Cursor];
      batch.push(item);
      last = { cursor };
      if (batch.length < size) continue;
      yield [batch, cursor];
      batch = [];
    }
  } catch (thrown) {
    failure = { thrown };
  }
  // Also before a failure or a throttle: a batch that never fills up would never move the cursor.
  if (batch.length > 0) yield [batch, last!.cursor];
  if (failure !== null) throw failure.thrown;
}
