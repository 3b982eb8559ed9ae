// When what was printed is out: before an exit, before the end of a thread.

/**
 * Resolves when every byte written so far has left this thread, or nobody reads: the operating
 * system has them, or the main thread has those of another one.
 */
export async function flushed(streams: readonly NodeJS.WritableStream[]): Promise<void> {
  await Promise.all(
    streams.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))),
  );
}
