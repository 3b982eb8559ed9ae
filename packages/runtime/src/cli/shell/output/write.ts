// Writing as fast as somebody reads, and no faster: memory stays small however much there is.

import { once } from "node:events";

/** Nobody reads any more, as in `runtime log 3 | head`. */
export class NobodyReadsError extends Error {
  override readonly name = "NobodyReadsError";
}

/** Resolves when there is room for more. @throws NobodyReadsError */
export async function write(stream: NodeJS.WriteStream, data: string | Buffer): Promise<void> {
  if (data.length === 0) return;
  if (!stream.writable || stream.errored) throw new NobodyReadsError("nobody reads the output");
  if (stream.write(data)) return;
  try {
    await once(stream, "drain");
  } catch {
    throw new NobodyReadsError("nobody reads the output");
  }
}
