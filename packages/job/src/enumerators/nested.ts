// Levels of enumerators, each built from the items of those outside it. The items are those of the
// innermost level.
//
// A cursor says where each level stands: `before` is the outer cursor before the outer item in hand
// (resume is exclusive, so going on after it meets that item again), `current` is that item's own
// cursor, `inner` the position within. `current` is there for the case that the item has gone
// meanwhile: then `inner` would be a place in something else, and is dropped.

import type { Json } from "@queue-runtime/store";
import type { Enumerator } from "../define/definition.ts";
import { pairOf } from "../iteration/steps.ts";
import { kindOf } from "../values/options.ts";
import { cursorIn, type Resume, shown, unsized } from "./resume.ts";

type Built<Item> = Enumerator<Item> | Promise<Enumerator<Item>>;

export type Level<Outer extends readonly unknown[], Item> = (
  ...outerAndCursor: [...Outer, Json]
) => Built<Item>;

type Place = { readonly before: Json; readonly current: Json; readonly inner: Json };

export function nested<Outer, Item>(
  levels: readonly [outer: Level<[], Outer>, inner: Level<[Outer], Item>],
  options: Resume,
): Enumerator<Item, Place>;
export function nested<First, Second, Item>(
  levels: readonly [Level<[], First>, Level<[First], Second>, Level<[First, Second], Item>],
  options: Resume,
): Enumerator<Item, Place>;
export function nested(levels: readonly unknown[], options: Resume): Enumerator<unknown, Place> {
  const cursor = cursorIn("nested", options);
  if (!Array.isArray(levels) || levels.length < 2 || levels.some((l) => typeof l !== "function")) {
    throw new TypeError("enumerators.nested takes a list of two or more functions");
  }
  const all = levels as readonly AnyLevel[];
  return unsized(() => descend(all, [], cursor)) as Enumerator<unknown, Place>;
}

type AnyLevel = (...outerAndCursor: unknown[]) => Built<unknown>;

async function* descend(
  [level, ...deeper]: readonly AnyLevel[],
  outer: readonly unknown[],
  cursor: Json,
): AsyncGenerator<readonly [unknown, Json]> {
  if (deeper.length === 0) {
    yield* pairs(await level!(...outer, cursor));
    return;
  }
  let place = cursor === null ? null : placeOf(cursor);
  let before = place?.before ?? null;
  for await (const [item, current] of pairs(await level!(...outer, before))) {
    const same = place !== null && JSON.stringify(place.current) === JSON.stringify(current);
    const from = same ? place!.inner : null;
    for await (const [innermost, inner] of descend(deeper, [...outer, item], from)) {
      yield [innermost, { before, current, inner }];
    }
    before = current;
    place = null;
  }
}

async function* pairs(enumerator: unknown): AsyncGenerator<readonly [unknown, Json]> {
  const iterable = enumerator as AsyncIterable<unknown>;
  const usable = iterable?.[Symbol.asyncIterator] ?? (iterable as never)?.[Symbol.iterator];
  if (typeof usable !== "function") {
    throw new TypeError(
      `a level of enumerators.nested returned ${kindOf(enumerator)}, no iterable`,
    );
  }
  for await (const pair of iterable) {
    yield pairOf("a level of enumerators.nested", pair) as readonly [unknown, Json];
  }
}

function placeOf(cursor: Json): Place {
  const place = cursor as Partial<Place> | null;
  if (typeof place === "object" && place !== null && "before" in place && "inner" in place) {
    return place as Place;
  }
  throw new TypeError(
    `the cursor of enumerators.nested has before, current and inner; it cannot be ${shown(cursor)}`,
  );
}
