// Enumerators over files, read in every way, and resumed after every item.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import type { ByteSource, Enumerator } from "@queue-runtime/job";
import type { Json } from "@queue-runtime/store";
import { afterAll, expect } from "vitest";

export const folder: string = join(tmpdir(), `queue-runtime-files-${process.pid}`);
export const file: string = join(folder, "input");

/** To be called by each file of tests that reads one: they may share this module. */
export function makeFolder(): void {
  mkdirSync(folder, { mode: 0o700 });
  afterAll(() => rmSync(folder, { recursive: true }));
}

export async function all<Item>(enumerator: Enumerator<Item>): Promise<[Item, Json][]> {
  const pairs: [Item, Json][] = [];
  for await (const [item, cursor] of enumerator) pairs.push([item, cursor]);
  return pairs;
}

export async function itemsOf<Item>(enumerator: Enumerator<Item>): Promise<Item[]> {
  return (await all(enumerator)).map(([item]) => item);
}

/** A stream in chunks of `size` bytes. */
export function chunked(text: string, size: number): () => Readable {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  const chunks = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  return () => Readable.from(chunks, { objectMode: false });
}

/** Every way to read the same bytes. */
export function sources(text: string): [string, ByteSource][] {
  writeFileSync(file, text);
  const openAt = (byte: number) => Readable.from([Buffer.from(text).subarray(byte)]);
  return [
    ["a path", file],
    ["a URL", pathToFileURL(file)],
    ["a stream of single bytes", chunked(text, 1)],
    ["a stream of 7 bytes", chunked(text, 7)],
    ["a stream that can begin anywhere", { openAt }],
  ];
}

/** Exactly these items, and after each of their cursors exactly the rest. */
export async function expectResumable<Item>(
  build: (cursor: Json) => Enumerator<Item>,
  items: Item[],
): Promise<void> {
  const pairs = await all(build(null));
  expect(pairs.map(([item]) => item)).toEqual(items);
  for (const [index, [, cursor]] of pairs.entries()) {
    expect(await all(build(cursor))).toEqual(pairs.slice(index + 1));
  }
}
