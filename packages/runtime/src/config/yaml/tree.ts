// The values of queue.yml as a small tree in which each one knows where it was written.

import type { Place } from "../problems.ts";

export interface ScalarTree {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** What it is where text is wanted; null when only quotes would make it text. */
  readonly text: string | null;
  readonly quoted: boolean;
  /** A problem with it is already noted; there is nothing to read. */
  readonly unknown?: true;
}

interface ListTree {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly Tree[];
}

export interface MapTree {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, Tree>;
}

export type Tree = ScalarTree | ListTree | MapTree;
